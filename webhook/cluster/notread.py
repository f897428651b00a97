"""Why a part of the cluster is not in what `doctor` examines."""

from http import HTTPStatus

from webhook.cluster.api import ApiError
from webhook.doctor.snapshot import NotRead


def not_read(problem: ApiError, right: str) -> NotRead:
    """Say which right is missing, or what else was wrong.

    Raises it where the API server is not reached or knows us not: then nothing can be examined.
    """
    if problem.status in (0, HTTPStatus.UNAUTHORIZED):
        raise problem
    if problem.status == HTTPStatus.FORBIDDEN:
        return NotRead(right)
    return NotRead(why=str(problem))
