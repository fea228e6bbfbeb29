"""Build the documentation as a site: `python -m tools.site [REF ...]`, or `make site`.

It reads the Markdown of docs/ and of the root as it is. Its search needs no server, and
each page has a list of versions. Each REF is a tag or branch; without one, the version is
that of the working tree. Each warning of Sphinx is an error.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SITE = ROOT / 'build' / 'site'
PAGES = ('docs/**/*.md', '*.md', 'csrc/README.md')  # all else can be linked to

CONF = """\
project = 'microbench'
version = release = {version!r}
html_title = f'microbench {{version}}'
extensions = ['myst_parser']
root_doc = 'docs/index'
include_patterns = {pages!r}
myst_heading_anchors = 6
suppress_warnings = ['misc.highlighting_failure']  # JSON that is shortened by ...
html_theme = 'furo'
html_copy_source = html_show_sourcelink = False
templates_path = ['site-templates']
html_context = {{'versions': {versions!r}}}
html_sidebars = {{
    '**': [
        'sidebar/brand.html', 'sidebar/search.html', 'sidebar/scroll-start.html',
        'sidebar/navigation.html', 'versions.html', 'sidebar/scroll-end.html',
    ]
}}
"""
VERSIONS = """\
<div class="sidebar-tree">
<p class="caption"><span class="caption-text">Versions</span></p>
<ul>
{% set above = pathto('conf', 1).removesuffix('conf') %}
{% for name in versions %}
<li class="toctree-l1{{ ' current' if name == version }}">
<a class="reference" href="{{ above }}../{{ name }}/docs/index.html">{{ name }}</a>
</li>
{% endfor %}
</ul>
</div>
"""
FIRST = """\
<!doctype html>
<meta charset="utf-8">
<title>microbench</title>
<meta http-equiv="refresh" content="0; url={newest}/docs/index.html">
<a href="{newest}/docs/index.html">microbench {newest}</a>
"""

LINK = re.compile(r'(?<!!)\[((?:`[^`\n]+`|[^\[\]`])+)\]\(([^()\s]+)\)')
CODE = re.compile(r'^```.*?^```$|`[^`\n]+`', re.MULTILINE | re.DOTALL)
PICTURE = re.compile(
    r'<picture>\s*<source[^>]*?srcset="(?P<dark>[^"]+)"[^>]*>\s*'
    r'<img alt="(?P<alt>[^"]*)" src="(?P<light>[^"]+)">\s*</picture>'
)
ROW = re.compile(r'^\| \[([^\]]+)\]\(([\w./-]+)\.md\)', re.MULTILINE)


def main() -> int:
    """Build each version; return 1 if Sphinx has a warning."""
    parser = argparse.ArgumentParser(prog='python -m tools.site', description=__doc__)
    parser.add_argument('ref', nargs='*', help='tags or branches, the newest first')
    refs = parser.parse_args().ref
    shutil.rmtree(SITE, ignore_errors=True)
    trees = dict(map(of_ref, refs)) if refs else dict([of_tree()])
    statuses = [built(name, tree, list(trees)) for name, tree in trees.items()]
    SITE.joinpath('index.html').write_text(FIRST.format(newest=next(iter(trees))))
    print(f'{SITE / "index.html"}: {", ".join(trees)}')
    return int(any(statuses))


def of_tree() -> tuple[str, Path]:
    """Copy the working tree, less what git ignores; return its version and the copy."""
    copy = SITE / 'sources' / 'tree'
    words = ['git', 'ls-files', '--cached', '--others', '--exclude-standard', '-z']
    listed = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split('\0')):
        if ROOT.joinpath(name).is_file():
            copy.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    return version_of(copy), copy


def of_ref(ref: str) -> tuple[str, Path]:
    """Unpack a tag or a branch; return its version and the folder."""
    copy = SITE / 'sources' / ref.replace('/', '-')
    copy.mkdir(parents=True)
    words = ['git', 'archive', '--format=tar', ref]
    archive = subprocess.run(words, cwd=ROOT, capture_output=True, check=True)
    subprocess.run(['tar', '-xf', '-', '-C', copy], input=archive.stdout, check=True)
    return version_of(copy), copy


def version_of(tree: Path) -> str:
    """Return the version that a tree is."""
    text = tree.joinpath('microbench', '__init__.py').read_text('utf-8')
    return re.findall(r"^__version__ = '(.+)'$", text, re.MULTILINE)[0]


def built(name: str, tree: Path, versions: list[str]) -> int:
    """Prepare a tree, and run Sphinx; return its status."""
    prepare(tree, name, versions)
    words = ['-m', 'sphinx', '-W', '--keep-going', '-q', '-b', 'html']
    done = subprocess.run([sys.executable, *words, tree, SITE / name], check=False)
    return done.returncode


def prepare(tree: Path, name: str, versions: list[str]) -> None:
    """Write what Sphinx needs into the tree, and change its pages where it must be."""
    pages = sorted({path for pattern in PAGES for path in tree.glob(pattern)})
    for path in pages:
        path.write_text(page(path.read_text('utf-8'), path, tree), 'utf-8')
    index = tree / 'docs' / 'index.md'
    index.write_text(index.read_text('utf-8') + contents(tree, pages), 'utf-8')
    tree.joinpath('site-templates').mkdir()
    tree.joinpath('site-templates', 'versions.html').write_text(VERSIONS)
    names = [path.relative_to(tree).as_posix() for path in pages]
    conf = CONF.format(version=name, pages=names, versions=versions)
    tree.joinpath('conf.py').write_text(conf)


def page(text: str, path: Path, tree: Path) -> str:
    """Return a page as Sphinx takes it: pictures by directives, no link to a folder."""

    def linked(found: re.Match[str]) -> str:
        place = path.parent / found[2].partition('#')[0]
        is_folder = ':' not in found[2] and place.is_dir()
        return found[1] if is_folder or not is_inside(place, tree) else found.group()

    parts, last = [], 0
    for code in CODE.finditer(text):
        parts += [LINK.sub(linked, text[last : code.start()]), code.group()]
        last = code.end()
    return PICTURE.sub(picture, ''.join([*parts, LINK.sub(linked, text[last:])]))


def is_inside(place: Path, tree: Path) -> bool:
    """Return whether a path leads to something in the tree, wherever it begins."""
    return place.resolve().is_relative_to(tree.resolve())


def picture(found: re.Match[str]) -> str:
    """Return two images, of which one is shown, for the light and the dark page."""
    return '\n'.join(
        f'```{{image}} {found[kind]}\n:alt: {found["alt"]}\n:class: only-{kind}\n```'
        for kind in ('light', 'dark')
    )


def contents(tree: Path, pages: list[Path]) -> str:
    """Return the table of contents, from the tables of the pages that list others."""
    docs, development = tree / 'docs', tree / 'docs' / 'development'
    parts, seen = [], {docs / 'index.md'}
    for folder in (docs, development):
        text = folder.joinpath('index.md').read_text('utf-8')
        for heading, rows in sections(text):
            files = [folder / f'{target}.md' for _, target in ROW.findall(rows)]
            new = [file.resolve() for file in files if file.resolve() not in seen]
            seen.update(new)
            parts.append(toctree(heading, [file for file in new if file.exists()], docs))
    others = [path for path in pages if path.resolve() not in seen]
    return '\n'.join([*filter(None, parts), toctree('The project', others, docs)])


def sections(text: str) -> list[tuple[str, str]]:
    """Return heading and text of each part of a page."""
    _, *parts = re.split(r'^##? ', text, flags=re.MULTILINE)
    return [tuple(part.split('\n', 1)) for part in parts]  # type: ignore[misc]


def toctree(title: str, pages: list[Path], docs: Path) -> str:
    """Return a part of the table of contents; nothing without pages."""
    if not pages:
        return ''
    root = docs.parent.resolve()
    names = [f'/{page.resolve().relative_to(root).with_suffix("")}' for page in pages]
    lines = ['```{toctree}', ':hidden:', f':caption: {title}', '', *names, '```', '']
    return '\n'.join(['', *lines])


if __name__ == '__main__':
    sys.exit(main())
