"""Data in and out: drawings and their labels as files for other programs, and back.

filters       which drawings an export contains
rows          those drawings with their history, read page by page
records       the parts of a history that exports and imports share
columns       a row as the fields that all formats share
pseudonyms    people as pseudonyms, and pseudonyms as people
formats       the four formats, and writing one
write_lines, write_npz, write_png       writing ndjson and CSV, NumPy arrays, PNG folders
export_job    exports in the background, saved in the database until they expire
read_lines, read_npz, read_png          reading a file line by line
drafts        one line as a drawing that can be saved, or the reason why not
import_job    saving the drawings of a file
personal_data_export  everything about one person, as JSON

An export as ndjson or CSV contains all that is needed to import the same drawings, and then gives the same bytes again.
"""
