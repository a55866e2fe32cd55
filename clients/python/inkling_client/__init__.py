"""Use an Inkling site from Python: recognise hand-drawn symbols, save drawings, correct their labels.

    from inkling_client import Client

    with Client("https://ink.example.org", key="ink_...") as client:
        print(client.predict("seven.png", recognizer="digits").label)

`AsyncClient` has the same methods, to be awaited. All errors are `InklingError`s; see `inkling_client.errors`.
"""

from inkling_client import ink
from inkling_client.answers import (
    Codes,
    Correction,
    Drawing,
    Feedback,
    Guess,
    Label,
    LatexCode,
    Model,
    Prediction,
    Recognizer,
    UnicodeCharacter,
    Usage,
    Version,
)
from inkling_client.client import AsyncClient, Client
from inkling_client.errors import (
    ApiError,
    BadRequestError,
    ConflictError,
    ForbiddenError,
    InklingError,
    NoAnswerError,
    NotFoundError,
    ServerError,
    ThrottledError,
    UnauthorizedError,
)
from inkling_client.retries import Retries

__version__ = "0.1.0"
__all__ = [
    "ApiError", "AsyncClient", "BadRequestError", "Client", "Codes", "ConflictError", "Correction", "Drawing",
    "Feedback", "ForbiddenError", "Guess", "InklingError", "Label", "LatexCode", "Model", "NoAnswerError",
    "NotFoundError", "Prediction", "Recognizer", "Retries", "ServerError", "ThrottledError", "UnauthorizedError",
    "UnicodeCharacter", "Usage", "Version", "ink",
]  # fmt: skip
