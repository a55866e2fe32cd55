"""The learning loop, demonstrated by demo users on a running site (`manage.py demo_loop`).

scenario     the steps of the demonstration
users        creates the demo users and removes them with their drawings
http_user    a user of the site and its API over HTTP
handwriting  digits in different handwritings
uptime       checks all the time which version answers
"""
