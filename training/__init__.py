"""How the embedded models are made. ``make train`` runs the stages in order; see ``training/README.md``."""
