"""JSON lines on standard output: progress, log and error, one object a line."""

import json
import math
import sys


def emit(line):
    text = json.dumps(line, allow_nan=False, separators=(",", ":")) + "\n"
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError:
        pass  # whoever started us is gone; the watch in job.py ends this process, after its checkpoint


def progress(step, of, metrics=None):
    """``metrics`` are finite numbers by name; others are left out, JSON has no NaN."""
    finite = {name: float(value) for name, value in (metrics or {}).items() if math.isfinite(value)}
    emit({"type": "progress", "step": int(step), "of": int(of), "metrics": finite})


def log(message, level="info"):
    emit({"type": "log", "level": level, "message": str(message)})


def error(code, message):
    emit({"type": "error", "code": code, "message": str(message)})
