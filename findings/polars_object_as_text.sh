#!/bin/sh
# polars 2.1.0 (and 1.44.2), on Linux, CPython 3.11
#
# read_ndjson() with a column of type String for JSON objects gives the text of each object,
# with quotes escaped but backslashes not: the text is not JSON, or JSON of another value, such
# as a name with a newline instead of a backslash and an n.
#
# Seen:
#     in the file  {"name": "C:\\new"}
#     as text      {"name": "C:\new"}
#     name as it is in the file  'C:\\new'
#     name as read from the text 'C:\new' with a newline: True
#     name with a quote is read from the text: True
set -eu
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
"${PYTHON:-python3}" -m venv "$place/venv"
"$place/venv/bin/pip" install -q --disable-pip-version-check polars==2.1.0
cat >"$place/seen.py" <<'PROGRAM'
import json
import sys

import polars

path = sys.argv[1]
names = ['C:\\new', 'a "quote"']
with open(path, 'w') as file:
    file.writelines(json.dumps({'call': {'name': name}}) + '\n' for name in names)
texts = polars.read_ndjson(path, schema={'call': polars.String})['call']
with open(path) as file:
    print('in the file ', json.dumps(json.loads(file.readline())['call']))
print('as text     ', texts[0])
print('name as it is in the file ', repr(names[0]))
read = json.loads(texts[0])['name']
print("name as read from the text 'C:\\new' with a newline:", read == 'C:\new')
print('name with a quote is read from the text:', json.loads(texts[1])['name'] == names[1])
PROGRAM
"$place/venv/bin/python" "$place/seen.py" "$place/lines" >"$place/seen"
cat "$place/seen"
sed -n 's/^#     //p' "$0" | diff - "$place/seen"
