"""Counts opened first pages and failed replies; previews of a recruitment platform are nobody's arrival."""

from datetime import UTC, datetime

from flask import Flask, Response, current_app, g, request

from study.tally import KIND_HEADER, Tally

_KEY = "discern-tally"


def init_app(app: Flask) -> None:
    use(app, Tally(datetime.now(UTC)))

    @app.after_request
    def _count(response: Response) -> Response:
        if response.status_code >= 500:
            tally().add_failed(datetime.now(UTC))
        elif request.endpoint == "participant.landing" and request.method == "GET" and response.status_code == 200:
            provider = g.get("provider")
            if provider and not provider.is_preview(request.args):
                tally().add_opened(request.view_args["slug"], request.headers.get(KIND_HEADER, "human"))
        return response


def use(app: Flask, tally: Tally) -> None:
    """Count there from now on: the server's processes are given one that they share."""
    app.extensions[_KEY] = tally


def tally() -> Tally:
    return current_app.extensions[_KEY]
