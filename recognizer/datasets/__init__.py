"""Data in and out: drawings with their labels as files that other programs read, and back again.

    wanted      which drawings: recognizer, label, status, dates, version
    rows        those drawings with all that was said about them, page by page
    names       people without their names, and back
    columns     a row as the fields that all formats share
    ndjson  table  arrays  pictures       the formats, writing
    formats     all four, and what each one carries
    exporting   the same in the background, kept in the database until it expires
    lines  archives       the formats, reading: what a file holds, line by line
    drafts      one line as a drawing that could be kept, or why it could not
    importing   keeping them

An export of ndjson or CSV holds all that is needed to make the same drawings again, and gives the same bytes then.
"""
