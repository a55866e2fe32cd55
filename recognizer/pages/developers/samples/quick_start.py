# Needs Python 3.9 or newer, and: pip install httpx
import httpx

api = httpx.Client(
    base_url="https://inkling.example/api/v1/",
    headers={"Authorization": "Bearer ink_…"},
)
seven = [[[20, 80, 45], [20, 20, 100]], [[35, 75], [60, 60]]]

answer = api.post("predict", json={"recognizer": "digits", "ink": seven, "keep": True})
answer.raise_for_status()
first = answer.json()["guesses"][0]
print(first["name"], "not sure" if answer.json()["unsure"] else first["probability"])

# Send the correct label. A reviewer checks it, and the model learns from it.
said = api.post(f"predictions/{answer.json()['prediction']}/feedback", json={"label": "7"})
said.raise_for_status()
print(said.json()["correction"]["agrees"])
