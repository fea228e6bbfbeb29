"""Credentials in a text are masked, and nothing else."""

import json
import string

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from microbench import _core, command_words, credentials
from microbench._core import MASK
from microbench.messages import harmless, safe


def masked(text):
    """Mask a text, and assert that the search in C found it first.

    The same is masked in warnings.
    """
    shown = credentials.masked(text)
    assert shown == text or _core.is_suspicious(json.dumps([text]).encode())
    assert harmless(text) == '\n'.join(map(safe, shown.split('\n')))
    return shown


def masked_words(words):
    """Mask words of a command, likewise."""
    found = dict(command_words.masked_words(words))
    assert not found or _core.is_suspicious(
        json.dumps(words, separators=(',', ':')).encode()
    )
    return found


# --- URLs ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ('text', 'shown'),
    [
        ('https://TOKEN@github.com/me/it.git', 'https://***@github.com/me/it.git'),
        ('https://TOKEN:x-oauth-basic@github.com', 'https://***@github.com'),
        ('https://ghp_a1:x@github.com', 'https://***@github.com'),
        ('https://TOKEN:@api.example.org/v1', 'https://***@api.example.org/v1'),
        ('nats://TOKEN@h:4222', 'nats://***@h:4222'),
        ('https://a@b:p/w@h/x', 'https://***@h/x'),
        ('postgresql://u:p@ss/w@host/db', 'postgresql://u:***@host/db'),
        ('postgresql://u@srv:p#?w@host/db', 'postgresql://u@srv:***@host/db'),
        ('redis://:p/w@h:6379/0', 'redis://:***@h:6379/0'),
        ('mongodb+srv://u:p?@c.example.org/', 'mongodb+srv://u:***@c.example.org/'),
        (r'smb://DOMAIN\u:p@h/share', r'smb://DOMAIN\u:***@h/share'),
        ('u=http://a:b@c v=http://d:e@f', 'u=http://a:***@c v=http://d:***@f'),
        ('{"u":"http://a:b@c","m":"x@y"}', '{"u":"http://a:***@c","m":"x@y"}'),
        ('<https://a:b@c>,<me@x.org>', '<https://a:***@c>,<me@x.org>'),
        ('https://u:p@[::1]:80/', 'https://u:***@[::1]:80/'),
        (
            'git+https://TOKEN@github.com/o/r.git@v1#egg=r',
            'git+https://***@github.com/o/r.git@v1#egg=r',
        ),
        (
            'git+https://u:p@github.com/o/r.git@v1',
            'git+https://u:***@github.com/o/r.git@v1',
        ),
        (r"""'a://u:p\'w"x@h',""", r"""'a://u:***@h',"""),
        ('"a://u:p"w@h"', '"a://u:***@h"'),
        (r'{\"u\":\"a://b:c@d\",\"e\":\"f@g\"}', r'{\"u\":\"a://b:***@d\",\"e\":\"f@g\"}'),
        ('docker://u:p@r/i:1@sha256:ab', 'docker://u:***@r/i:1@sha256:ab'),
        ('a@b a://i@sha256:ab a://u:p@h', 'a@b a://i@sha256:ab a://u:***@h'),
    ],
)
def test_urls(text, shown):
    """Passwords, and tokens in place of a user, end at the last @ of the word."""
    assert masked(text) == shown
    assert masked(shown) == shown


@pytest.mark.parametrize(
    'text',
    [
        'git@github.com:x/y',
        'ssh://git@host/x/y.git',
        'git+ssh://git@github.com/o/r.git@v1',
        'https://git@github.com/o/r',
        'scp a me@host:file',
        'name @ https://host/x',
        'a@b',
        'me@example.org',
        'mailto:me@example.org?subject=x',
        'https://example.org/@me',
        'https://example.org/?mail=me@example.org',
        'http://localhost:8080/@vite/client',
        'https://registry.example.org:4873/@scope/pkg',
        'ssh://me@host:22/x@y',
        'sftp://me@host/x',
        'postgresql://me@host/db',
        'http://[::1]:80/a@b',
        'docker://image:tag@sha256:abc',
        '{"a":"http://host:80","b":"x@y"}',
        'see http://h:80, a@b',
        'tcp://10.0.0.1:8786',
        'https://***@h/@x',
        'http://u:***@h',
        '://' * 1000,
        '@://@://:@',
    ],
)
def test_texts_that_only_look_like_them(text):
    """E-mail addresses, users of ssh, ports, packages and digests stay."""
    assert masked(text) == text


def names_a_secret(text):
    """Return whether a text has a word that the other rules look for."""
    words = ('pass', 'secret', 'key', 'token', 'jwt', 'sig', 'pw', 'authori', 'cookie')
    return any(word in text.lower() for word in words)


USERS = st.text(string.ascii_letters + string.digits + '._-%', min_size=1).filter(
    lambda user: not names_a_secret(user)
)
PASSWORDS = st.text(st.characters(codec='utf-8', exclude_categories=['Z', 'C']), min_size=1)
DATABASES = st.sampled_from(
    ['postgresql', 'redis', 'amqp', 'mongodb+srv', 'mysql+pymysql', 'ftp', 'jdbc:mysql']
)
WEB = st.sampled_from(['http', 'https', 'wss', 'HTTPS', 'hg+https'])
HOSTS = st.sampled_from(['h', 'db.example.org', 'h:5432', '10.0.0.1:80', '[::1]:80'])
PATHS = st.sampled_from(['', '/', '/db', '/a/b.git', '/?x=1', '/#part'])
AROUND = st.text('ab c\n(=,', max_size=5)


def looks_like_a_port(password):
    """Return whether a password begins as a port and a path do."""
    digits = password[: len(password) - len(password.lstrip(string.digits))]
    return 0 < len(digits) <= 5 and password[len(digits) :][:1] in tuple('/?#')


@given(AROUND, DATABASES, USERS | st.just(''), PASSWORDS, HOSTS, PATHS)
@example('', 'postgresql', 'u', '80/x', 'h', '')
@example('', 'amqp', 'u', '"://a@b', 'h', '/')
@example('', 'amqp', 'u', '***@x', 'h', '/')
def test_every_password_in_a_url(before, scheme, user, password, host, path):
    """No part of any password stays."""
    shown = masked(f'{before} {scheme}://{user}:{password}@{host}{path}')
    assert shown.endswith(f' {scheme}://{user}:{MASK}@{host}{path}')


@given(AROUND, WEB, USERS, PASSWORDS, HOSTS, PATHS)
def test_every_password_in_a_url_of_the_web(before, scheme, user, password, host, path):
    """No part stays, unless it begins like a port: there it has to be escaped."""
    assume(not looks_like_a_port(password))
    shown = masked(f'{before} {scheme}://{user}:{password}@{host}{path}')
    user = '' if shown.startswith(f'{before} {scheme}://{MASK}@') else f'{user}:'
    assert shown == masked(f'{before} ') + f'{scheme}://{user}{MASK}@{host}{path}'


@given(WEB, USERS, HOSTS, PATHS)
def test_every_token_in_the_place_of_a_user(scheme, token, host, path):
    """No part of a token stays; the user `git` is no token."""
    assume(token not in ('git', 'hg', 'svn', 'bzr'))
    assert masked(f'{scheme}://{token}@{host}{path}') == f'{scheme}://{MASK}@{host}{path}'


INNOCENT = st.one_of(
    st.builds('{}@{}'.format, USERS, HOSTS),
    st.builds('{}@{}:{}'.format, USERS, USERS, USERS),
    st.builds('{}://{}{}'.format, WEB | DATABASES, HOSTS, PATHS),
    st.builds('https://{}/{}@{}'.format, HOSTS, USERS, HOSTS),
    st.builds('ssh://{}@{}/{}'.format, USERS, HOSTS, USERS),
    st.builds('{} @ https://{}/{}'.format, USERS, HOSTS, USERS),
    st.builds('{}=={}'.format, USERS, USERS),
    st.builds('{}: {}'.format, USERS, USERS),
    st.text('abc@:/.,?#&= "\'-\n', max_size=20).filter(lambda text: '://' not in text),
)


@given(st.lists(INNOCENT.filter(lambda text: not names_a_secret(text)), max_size=5))
def test_texts_without_credentials(texts):
    """Such texts are unchanged, alone and side by side."""
    text = ' '.join(texts)
    assert masked(text) == text
    assert masked_words(texts) == {}


# --- names and values ------------------------------------------------------------------


@pytest.mark.parametrize(
    ('text', 'shown'),
    [
        ('https://h/?access_token=a&x=1', 'https://h/?access_token=***&x=1'),
        ('https://h/#access_token=a', 'https://h/#access_token=***'),
        ('https://h/x?X-Amz-Signature=a&v=1', 'https://h/x?X-Amz-Signature=***&v=1'),
        ('https://h/x?sv=1&sig=a%2B', 'https://h/x?sv=1&sig=***'),
        ('jdbc:x://h:1/d?user=u&password=p', 'jdbc:x://h:1/d?user=u&password=***'),
        ('Server=h;Password=p w;x=1', 'Server=h;Password=***;x=1'),
        ('Pwd=p&w;Server=h', 'Pwd=***;Server=h'),
        ('Server=h;Password="p;w";x=1', 'Server=h;Password=***;x=1'),
        ('AccountName=a;AccountKey=a==;x=1', 'AccountName=a;AccountKey=***;x=1'),
        ('host=h password=p dbname=d', 'host=h password=*** dbname=d'),
        (r"host=h password='p \' w' dbname=d", 'host=h password=*** dbname=d'),
        ("host=h password='p w", 'host=h password=***'),
        ('a=1&password=p&b=2', 'a=1&password=***&b=2'),
        ('POSTGRES_PASSWORD=p GITHUB_TOKEN=t', 'POSTGRES_PASSWORD=*** GITHUB_TOKEN=***'),
        ('aws_secret_access_key=k', 'aws_secret_access_key=***'),
        ('Authorization: Bearer t', 'Authorization: Bearer ***'),
        ('Authorization: own scheme', 'Authorization: ***'),
        ('curl -H "Authorization: Basic t u" x', 'curl -H "Authorization: Basic ***" x'),
        ('{"Authorization": "Token t"}', '{"Authorization": "Token ***"}'),
        ('PRIVATE-TOKEN: t', 'PRIVATE-TOKEN: ***'),
        ('X-Api-Key: t', 'X-Api-Key: ***'),
        ('Cookie: a=b', 'Cookie: ***'),
        ('AUTHORIZATION: Bearer t', 'AUTHORIZATION: Bearer ***'),
        ('Set-Cookie: a=b; c=d\nx: y', 'Set-Cookie: ***\nx: y'),
    ],
)
def test_names_that_say_so(text, shown):
    """Names in queries, connection strings, environments and headers are recognized."""
    assert masked(text) == shown
    assert masked(shown) == shown


@pytest.mark.parametrize(
    'text',
    [
        'PWD=/home/me',
        'connect(password=None)',
        'password=',
        'max_tokens=3 pad_token=0 PAD_TOKEN=1',
        'https://h/?page_token=a&key=b',
        '--password-file=f',
        'missing Authorization: header',
        'unexpected token: x',
        'the password is wrong',
        'AWS_ACCESS_KEY_ID=AKIA',
        'monkey=1 design=2',
    ],
)
def test_names_that_do_not(text):
    """A value whose name names no secret stays."""
    assert masked(text) == text


QUOTED = st.sampled_from(['{}', "'{}'", '"{}"'])


@given(
    st.sampled_from(['password', 'DB_PASSWORD', 'client_secret', 'api_key', 'AccountKey']),
    st.text(string.ascii_letters + string.digits + '/+=@:#?&,.-_', min_size=1),
    QUOTED,
)
def test_every_value_of_such_a_name(name, value, quoted):
    """No part of the value stays."""
    assume(value.strip('),') not in ('None', 'True', 'False', 'null', 'true', 'false', ''))
    shown = masked(f'host=h {name}={quoted.format(value)} x=1')
    assert shown == f'host=h {name}={MASK} x=1'


# --- commands --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ('words', 'shown'),
    [
        ('curl -u u:p https://h', 'curl -u u:*** https://h'),
        ('curl -uu:p --user=u:p', 'curl -uu:*** --user=u:***'),
        ('curl -HAuthorization:Bearer_1234567890', 'curl -HAuthorization:***'),
        ('curl --proxy-user u:p', 'curl --proxy-user u:***'),
        ('curl -su u:p -sSLu u:p', 'curl -su u:*** -sSLu u:***'),
        ('curl -sSLuu:p -kU u:p', 'curl -sSLuu:*** -kU u:***'),
        ('psql --password p', 'psql --password ***'),
        ('x --db_password=p --api-key k', 'x --db_password=*** --api-key ***'),
        ('x --hf-token t', 'x --hf-token ***'),
        ('java -password p', 'java -password ***'),
        ('/usr/bin/mysql -uroot -pp db', '/usr/bin/mysql -uroot -p*** db'),
        ('sshpass -p p ssh h', 'sshpass -p *** ssh h'),
        ('mysql -vpp db', 'mysql -vp*** db'),
        ('sshpass -vp p ssh h', 'sshpass -vp *** ssh h'),
        ('docker login -u me -p p r.org', 'docker login -u me -p *** r.org'),
        ('/usr/bin/podman login -pp', '/usr/bin/podman login -p***'),
        ('redis-cli -a p ping', 'redis-cli -a *** ping'),
        ('docker run -e DB_PASSWORD=p i', 'docker run -e DB_PASSWORD=*** i'),
        ('env DB_PASS=s3 SMTP_PASS=12345 x', 'env DB_PASS=*** SMTP_PASS=*** x'),
        ('x --pass=s3 --db-pass s3 pass=s3', 'x --pass=*** --db-pass *** pass=***'),
        ('openssl rsa -passin pass:s3', 'openssl rsa -passin ***'),
        ('x token=abcd1234 hub.hf_token=hf_a1b2c3', 'x token=*** hub.hf_token=***'),
        ('pip install -i https://u:p@h/s', 'pip install -i https://u:***@h/s'),
        ('git clone https://TOKEN@h/x.git', 'git clone https://***@h/x.git'),
    ],
)  # fmt: skip
def test_words_of_commands(words, shown):
    """Values of options with such names, and of known short options, are masked."""
    words = words.split()
    found = masked_words(words)
    assert [found.get(n, word) for n, word in enumerate(words)] == shown.split()
    line = ['sh', '-c', ' '.join(words)]
    assert masked_words(line) == {2: shown}
    nested = f"bash -c '{' '.join(words)}'"
    assert masked_words(['sh', '-c', nested])[2].rstrip("'") == f"bash -c '{shown}"


def test_our_own_options():
    """Options of microbench are masked, whatever their value looks like."""
    words = [
        '--redis-password',
        '-p',
        '--http-output-header=A: b',
        '--http-output-header',
        'c',
    ]
    assert masked_words(words) == {1: MASK, 2: f'--http-output-header={MASK}', 4: MASK}


@pytest.mark.parametrize(
    'words',
    [
        'docker run -u 1:1 i',
        'docker run -p 80:80 i login',
        'podman create -p 80:80 i',
        'curl -o u:p -du u:p --user= https://h',
        'x --password-file f --no-password db --ask-password -v',
        'train --pad-token 0 --eos_token=</s> --max-tokens 3',
        'mysql -p db',
        'scp -P 22 me@h:f .',
        'ssh -p 22 h',
        'x --secret',
        'x --token-file f --max-tokens 5 PASSWORD_FILE=f TOKEN_PATH=f --pass',
        'x264 --pass 2 pass=2 N_PASS=12 TEST_PASS=true --pass=1.5s',
        'filter --low-pass fir --high_pass=fir band.pass=fir COMPASS=north',
        'openssl rsa -passin file:f -passout env:PW -pass stdin',
        'train token=words max_token=4096 model.token=bpe pad_token=[PAD12345]',
    ],
)
def test_words_that_stay(words):
    """Options of other meaning, and those without a value, stay."""
    assert masked_words(words.split()) == {}
    assert masked_words([words]) == {}


def test_words_of_any_kind():
    """A list of words in a record may have items of any type."""
    assert masked_words([1, None, '--password', 2, ['x'], '--token', 'y']) == {6: MASK}


# --- large texts -----------------------------------------------------------------------


@pytest.mark.parametrize('end', ['@sha256:x', " '"])
@pytest.mark.parametrize(
    'part',
    [
        *('a@', 'http://', 'http://a@', 'http://a:', '<http://', '"http://', '"http://a:'),
        *("'a://", 'a://', ' a://b', 'password=', "password='\\'", '?', '?a', '&token='),
        *(';pwd', 'a=b;', '"', '\\', 'Authorization: ', 'a-', 'api-key', '-token='),
        *('cookie', '--password ', '-', ' -u', '<a://a://'),
    ],
)  # fmt: skip
def test_large_texts(part, end):
    """The time is linear: quadratic time would be minutes for each."""
    text = part * (200_000 // len(part)) + end
    assert masked(f'{text}\n https://u:p@h').endswith('https://u:***@h')
    assert len(masked_words([text, '--password', 'p'])) <= 2
