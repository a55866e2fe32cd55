"""Recognise, save, ask again, correct and delete a drawing."""
