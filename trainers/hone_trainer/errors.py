"""What ends a trainer on purpose, and with which exit code of the contract."""


class TrainerError(Exception):
    """Carries the exit code and a stable code; the message is for a person."""

    exit_code = 70
    code = "failed"


class BadJob(TrainerError):
    """Parameters or job file cannot be obeyed. Final: the same job fails again."""

    exit_code = 64
    code = "bad_job"


class BadData(TrainerError):
    """The rows cannot be trained on. Final."""

    exit_code = 65
    code = "bad_data"


class Stopped(TrainerError):
    """SIGTERM arrived; a checkpoint was written where one is possible. A retry goes on from it."""

    exit_code = 75
    code = "stopped"
