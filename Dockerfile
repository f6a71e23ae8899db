# The Telegram bot in a container; docs/telegram.md says how to run it.
#
#   docker build -t fundstelle .
FROM python:3.12-slim

# A mirror of PyTorch's index of CPU builds, if you have one.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu

ENV PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1

WORKDIR /app

# torch by itself and first, as in the Makefile: it is the big one, and changes least.
COPY constraints.txt ./
RUN pip install --no-deps --extra-index-url "$TORCH_INDEX" -c constraints.txt torch

COPY pyproject.toml LICENSE ./
COPY retrieval retrieval
COPY bot bot
RUN pip install -c constraints.txt .

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
