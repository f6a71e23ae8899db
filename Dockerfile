# The Telegram bot in a container; docs/telegram.md says how to run it.
#
#   docker build -t fundstelle .
#
# The base image by its digest, which "docker buildx imagetools inspect python:3.11-slim" shows, so that nobody can put
# another one under the name:
#
#   docker build -t fundstelle --build-arg PYTHON_IMAGE=python:3.11-slim@sha256:… .
ARG PYTHON_IMAGE=python:3.11-slim
FROM ${PYTHON_IMAGE}

# A mirror of PyTorch's index of CPU builds, if you have one. A build argument stands in the image's history: a mirror
# that asks for a password gets it as a secret (docker build --secret id=netrc,src=$HOME/.netrc), which lies in no layer.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu

ENV PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1

WORKDIR /app

# torch by itself and first: it is the big one, and changes least. Every file is checked against the hash in the lock;
# deploy/lock.py makes both locks.
COPY deploy/torch.lock deploy/requirements.lock deploy/
RUN --mount=type=secret,id=netrc,target=/root/.netrc \
    pip install --require-hashes --no-deps --extra-index-url "$TORCH_INDEX" -r deploy/torch.lock
RUN --mount=type=secret,id=netrc,target=/root/.netrc \
    pip install --require-hashes --no-deps -r deploy/requirements.lock

COPY pyproject.toml LICENSE ./
COPY retrieval retrieval
COPY bot bot
RUN pip install --no-deps --no-index --no-build-isolation .

# The sample articles: "telegram --index /app/seeds" takes them up.
COPY seeds seeds

RUN useradd --system --uid 10001 --no-create-home --home-dir /data fundstelle \
    && install --directory --owner=fundstelle --mode=0700 /data
USER fundstelle

# All that is kept lies in one volume: articles, index, inbox, log, models from the hub. Metrics and health can be
# reached from outside only where their port is published.
ENV FUNDSTELLE_HOME=/data \
    HF_HOME=/data/huggingface \
    FUNDSTELLE_METRICS_LISTEN=0.0.0.0:9464
VOLUME /data

HEALTHCHECK --interval=30s --timeout=5s --start-period=120s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9464/healthz', timeout=4)"]

ENTRYPOINT ["fundstelle"]
CMD ["telegram"]
