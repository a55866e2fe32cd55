# Needs curl
curl https://inkling.example/api/v1/predict \
  -H 'Authorization: Bearer ink_…' \
  -H 'Content-Type: application/json' \
  -d '{"recognizer": "digits", "top_k": 1,
       "ink": [[[20, 80, 45], [20, 20, 100]], [[35, 75], [60, 60]]]}'
