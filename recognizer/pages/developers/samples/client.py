# Needs Python 3.11 or newer and, in the source of this site: pip install ./clients/python
from inkling_client import Client, ink

with Client("https://inkling.example", key="ink_…") as client:
    seven = ink.from_points([[(20, 20), (80, 20), (45, 100)], [(35, 60), (75, 60)]])
    answer = client.predict(seven, recognizer="digits", keep=True)  # or the path of a picture
    print(answer.best.name, "not sure" if answer.unsure else answer.best.probability)

    if answer.id:
        print(client.feedback(answer.id, label="7").correction.agrees)
