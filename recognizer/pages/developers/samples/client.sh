# Needs Python 3.11 or newer, and the source of this site
pip install ./clients/python
export INKLING_URL=https://inkling.example INKLING_KEY=ink_…
echo '[[[20, 80, 45], [20, 20, 100]], [[35, 75], [60, 60]]]' | python -m inkling_client predict - --recognizer digits
