"""What browsers post: JSON that is read strictly, or refused with the field that is wrong."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from study.errors import MalformedAnswerError

Body = TypeVar("Body", bound=BaseModel)


def read_body(model: type[Body], body: bytes) -> Body:
    """Raises MalformedAnswerError, naming the field."""
    try:
        return model.model_validate_json(body, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise MalformedAnswerError(f"{where}: {first['msg']}") from None
