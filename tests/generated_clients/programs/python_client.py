"""Uses the client that openapi-python-client generates: python python_client.py SITE KEY PICTURE."""

import json
import sys
from io import BytesIO
from pathlib import Path
from uuid import UUID, uuid4

from inkling_generated import AuthenticatedClient
from inkling_generated.api.corrections import list_corrections, save_correction
from inkling_generated.api.drawings import delete_drawing, read_drawing_picture, save_drawing, save_picture
from inkling_generated.api.models import download_model, list_versions
from inkling_generated.api.predictions import give_feedback, predict, predict_batch, predict_picture
from inkling_generated.models import (
    Answer,
    AnswerInput,
    ApiError,
    BatchAnswer,
    BatchInput,
    BatchItem,
    CorrectionInput,
    Drawing,
    DrawingInput,
    FeedbackInput,
    ModelVersionPage,
    PredictPictureIncludeItem,
    ReviewedCorrectionPage,
    SavedFeedback,
)
from inkling_generated.types import File, Unset

site, key, picture = sys.argv[1], sys.argv[2], Path(sys.argv[3]).read_bytes()
seven = [[[20.0, 80, 45], [20.0, 20, 100]], [[35.0, 75], [60.0, 60]]]
client = AuthenticatedClient(base_url=f"{site}/api/v1", token=key)
done: dict[str, object] = {}

answer = predict.sync(client=client, body=AnswerInput(recognizer="digits", ink=seven, top_k=3))
assert isinstance(answer, Answer)
done["predict"] = [answer.guesses[0].label, len(answer.guesses)]

extras = [PredictPictureIncludeItem.RASTER, PredictPictureIncludeItem.EMBEDDING]
file = File(payload=BytesIO(picture))
answer = predict_picture.sync(client=client, body=file, recognizer="digits", top_k=2, include=extras)
assert isinstance(answer, Answer)
assert not isinstance(answer.raster, Unset)
assert not isinstance(answer.embedding, Unset)
done["picture"] = [answer.guesses[0].label, len(answer.guesses), answer.raster[:14], len(answer.embedding) > 9]

batch = predict_batch.sync(
    client=client, body=BatchInput(recognizer="digits", items=[BatchItem(ink=seven), BatchItem()])
)
assert isinstance(batch, BatchAnswer)
first, second = batch.results
assert not isinstance(first.guesses, Unset)
assert not isinstance(second.error, Unset)
done["batch"] = [first.guesses[0].label, second.error.code]

saved = predict.sync(client=client, body=AnswerInput(recognizer="digits", ink=seven, keep=True, id=uuid4()))
assert isinstance(saved, Answer)
assert isinstance(saved.prediction, UUID)
feedback = give_feedback.sync(saved.prediction, client=client, body=FeedbackInput(correct=True))
assert isinstance(feedback, SavedFeedback)
done["feedback"] = feedback.correction.label

drawing = save_drawing.sync(client=client, body=DrawingInput(recognizer="digits", ink=seven))
assert isinstance(drawing, Drawing)
assert drawing.prediction
done["drawing"] = drawing.prediction.guesses[0].label

drawn = save_picture.sync(client=client, body=File(payload=BytesIO(picture)), recognizer="digits")
assert isinstance(drawn, Drawing)
stored = read_drawing_picture.sync_detailed(drawn.id, client=client).content  # the generator parses no image/png
done["stored"] = [drawn.ink is None, stored[1:4].decode()]

save_correction.sync(drawn.id, client=client, body=CorrectionInput(label="1"))
corrections = list_corrections.sync(client=client, page_size=2)
assert isinstance(corrections, ReviewedCorrectionPage)
done["corrections"] = [each.label for each in corrections.results]

versions = list_versions.sync("digits", client=client)
assert isinstance(versions, ModelVersionPage)
model = download_model.sync("digits", client=client)
assert isinstance(model, File)
done["versions"] = [[each.number for each in versions.results], len(model.payload.read()) == versions.results[0].bytes_]

done["deleted"] = [delete_drawing.sync_detailed(each, client=client).status_code for each in (drawing.id, drawn.id)]

refused = predict.sync(client=client, body=AnswerInput(recognizer="nothing", ink=seven))
assert isinstance(refused, ApiError)
unknown = ApiError.from_dict({"code": "new_code", "detail": "", "field": None, "request_id": ""})
done["errors"] = [refused.code, unknown.code]

sys.stdout.write(json.dumps(done))
