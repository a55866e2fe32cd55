"""Recognise, save, correct and delete drawings."""
