"""Distributions as installers leave them, for the tests that look for packages."""


def install(folder, name, version, *files, **more):
    """Put the metadata of a distribution into a folder; no name breaks it.

    Args:
        folder: where packages are, as a Path.
        name: of the distribution.
        version: likewise.
        files: what its RECORD lists; they are made.
        more: text of other files of the metadata; a dot is written `_DOT_`.
    """
    stem = name.replace('-', '_') if name else 'broken'
    info = folder / f'{stem}-{version}.dist-info'
    info.mkdir(parents=True)
    lines = ['Metadata-Version: 2.1', f'Name: {name}' * bool(name), f'Version: {version}']
    info.joinpath('METADATA').write_text('\n'.join(filter(None, lines)) + '\n')
    for file in files:
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    sizes = {file: (folder / file).stat().st_size for file in files}
    info.joinpath('RECORD').write_text(''.join(f'{f},,{n}\n' for f, n in sizes.items()))
    for file, text in more.items():
        info.joinpath(file.replace('_DOT_', '.')).write_text(text)
    return info
