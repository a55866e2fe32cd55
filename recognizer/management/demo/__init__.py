"""The whole loop, played by made-up people against a running installation (`manage.py demo_loop`).

visitor   a browser without JavaScript: pages and the API over HTTP
hands     how each of them writes
people    making them, and removing them with everything they drew
watch     which version answers, asked all the time
play      the acts
"""
