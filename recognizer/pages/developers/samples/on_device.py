# pip install ai-edge-litert httpx './clients/python[device]'
import httpx
from ai_edge_litert.interpreter import Interpreter

from inkling_client import raster

SITE = "https://inkling.example"
with httpx.Client(base_url=SITE) as site:
    model = site.get("/api/v1/recognizers/digits/model").raise_for_status().json()
    file = site.get(model["file"]).raise_for_status().content

answer = Interpreter(model_content=file).get_signature_runner()


def recognize(ink: list) -> tuple[str, float] | None:
    """The label of ink and its probability, or None if the model is not sure."""
    taken = raster.as_input(raster.rasterise(ink, **model["raster"]))
    probabilities = answer(raster=taken)["probabilities"][0][:-1]  # the last one is "none of the labels"
    best = probabilities.argmax()
    if probabilities[best] < model["unsure_below"]:
        return None
    return model["labels"][best]["slug"], float(probabilities[best])


print(recognize([[[20, 80, 45], [20, 20, 100]], [[35, 75], [60, 60]]]))
