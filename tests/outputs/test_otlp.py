"""Records as spans of OpenTelemetry, parsed by its own protocol definitions."""

import base64
import io
import json
import pickle
import urllib.error
import urllib.request

import pytest

from microbench import MicroBench, OtlpOutput
from microbench.cli.view.resend import main
from microbench.outputs.spans import nanoseconds, trace_id
from tests.fakes import Kept, only

json_format = pytest.importorskip('google.protobuf.json_format')
trace_service = pytest.importorskip(
    'opentelemetry.proto.collector.trace.v1.trace_service_pb2'
)

URL = 'http://collector.example.org:4318'


def parsed(body):
    """Return the ExportTraceServiceRequest of a body; ids are hexadecimal in OTLP."""
    request = json.loads(body)
    for resource in request['resourceSpans']:
        for scope in resource['scopeSpans']:
            for span in scope['spans']:
                for name in ('traceId', 'spanId', 'parentSpanId'):
                    if name in span:
                        span[name] = base64.urlsafe_b64encode(
                            bytes.fromhex(span[name])
                        ).decode()
    return json_format.ParseDict(request, trace_service.ExportTraceServiceRequest())


def values(attributes):
    """Return attributes as a dict."""
    return {
        item.key: getattr(item.value, item.value.WhichOneof('value')) for item in attributes
    }


def spans_of(record, **options):
    """Return resource attributes and spans that are sent for a record."""
    body = OtlpOutput(URL, **options).format_payload(record)
    resource = only(parsed(body).resource_spans)
    return values(resource.resource.attributes), list(only(resource.scope_spans).spans)


@pytest.fixture
def record():
    """Return a record of a block that failed in its second phase."""
    kept = Kept()
    bench = MicroBench(outputs=[kept], rows=10**30, cells=7, share=0.5, tags=['a', 1])
    with pytest.raises(KeyError), bench.record('fit'):
        with bench.time('load'):
            pass
        with bench.time('solve'):
            raise KeyError('lost')
    return only(kept.records)


def test_a_record_is_a_span_with_its_phases_as_children(record):
    """Names, times, ids and parents; a parser of OpenTelemetry reads all of it."""
    _, (root, *children) = spans_of(record)
    assert root.name == 'fit'
    assert root.trace_id.hex() == record['mb']['record_id'].replace('-', '')
    assert [child.name for child in children] == ['load', 'solve']
    assert {child.parent_span_id for child in children} == {root.span_id}
    assert {child.trace_id for child in children} == {root.trace_id}
    assert len({span.span_id for span in (root, *children)}) == 3
    assert root.start_time_unix_nano == nanoseconds(record['call']['start_time'])
    assert root.end_time_unix_nano == nanoseconds(record['call']['finish_time'])
    assert [
        child.end_time_unix_nano - child.start_time_unix_nano for child in children
    ] == [round(timing['duration'] * 1e9) for timing in record['call']['timings']]
    assert children[0].start_time_unix_nano == root.start_time_unix_nano
    assert children[1].start_time_unix_nano == children[0].end_time_unix_nano


def test_attributes_have_the_names_of_the_conventions(record):
    """Of the resource and of the span; values keep their types."""
    resource, (root, *_) = spans_of(record, service_name='lab')
    assert resource['service.name'] == 'lab'
    assert resource['host.name'] == record['host']['hostname']
    assert resource['process.pid'] == record['process']['pid']
    assert resource['process.runtime.version'] == record['python']['version']
    found = values(root.attributes)
    assert (found['cells'], found['share'], found['rows']) == (7, 0.5, str(10**30))
    assert [item.string_value or item.int_value for item in found['tags'].values] == [
        'a',
        1,
    ]
    assert found['microbench.mb.run_id'] == record['mb']['run_id']


def test_an_exception_is_an_event(record):
    """With type and message, and the status of an error."""
    _, (root, *_) = spans_of(record)
    event = only(root.events)
    assert event.name == 'exception'
    assert values(event.attributes) == {
        'exception.type': 'KeyError',
        'exception.message': "'lost'",
    }
    assert (root.status.code, event.time_unix_nano) == (2, root.end_time_unix_nano)


@pytest.mark.parametrize(
    'odd',
    [{}, {'call': 5}, {'mb': {'record_id': 'x'}, 'call': {'timings': [{'name': 1}, 5]}}],
)
def test_odd_records(odd):
    """They become spans, too, with ids of the right length."""
    _, (root,) = spans_of(odd)
    assert (len(root.trace_id), len(root.span_id)) == (16, 8)


def test_a_batch_is_one_request(record):
    """Several records, each with its own resource."""
    out = OtlpOutput(URL, background=True, batch=5)
    request = out._request([json.dumps(record).encode()] * 3)
    assert len(parsed(request.data).resource_spans) == 3
    assert request.get_header('Content-type') == 'application/json'
    assert request.get_method() == 'POST'


@pytest.mark.parametrize(
    ('endpoint', 'url'),
    [
        (URL, URL + '/v1/traces'),
        (URL + '/mine', URL + '/mine'),
        (URL + '/', URL + '/v1/traces'),
    ],
)
def test_the_address(endpoint, url, monkeypatch):
    """An endpoint without a path gets that of the protocol."""
    monkeypatch.setenv('OTEL_SERVICE_NAME', 'from-environment')
    out = pickle.loads(pickle.dumps(OtlpOutput(endpoint)))
    assert (out.url, out.service_name) == (url, 'from-environment')
    assert repr(out) == f"OtlpOutput('{URL}')"


@pytest.mark.parametrize(
    ('code', 'wait'), [(429, 0.0), (502, 0.0), (503, 0.0), (500, None), (400, None)]
)
def test_what_is_tried_again(code, wait):
    """As the protocol says: fewer answers than for other servers."""
    error = urllib.error.HTTPError(URL, code, 'no', {}, None)
    error.close()  # an open one warns when it is collected (CPython 3.15)
    assert OtlpOutput(URL)._retry_after(error) == wait
    assert OtlpOutput(URL)._retry_after(TimeoutError()) == 0.0


DROPPED = {'rejectedSpans': '2', 'errorMessage': 'too large'}


@pytest.fixture
def collector(monkeypatch):
    """Answer each request of a sink as `answers` says."""
    answers = []
    take = lambda *_, **__: io.BytesIO(answers.pop(0))  # noqa: E731
    monkeypatch.setattr(urllib.request, 'urlopen', take)
    return answers


def test_spans_that_the_collector_drops_are_counted(record, collector):
    """They are not sent again; there is one warning, however often that happens."""
    out, text = OtlpOutput(URL), json.dumps(record).encode()
    collector += [b'{"partialSuccess":{}}', b'', b'no JSON', b'{"partialSuccess":[]}']
    for _ in range(4):
        out.write_record(text)
    collector += [json.dumps({'partialSuccess': DROPPED}).encode()] * 2
    with pytest.warns(RuntimeWarning, match='dropped 2 spans: too large') as warned:
        out.write_record(text)
        out.write_record(text)
    assert (len(warned), out.rejected, out.rejection) == (1, 4, 'too large')
    assert collector == []


def test_a_collector_that_only_warns(record, collector):
    """No span is dropped, and the text is the warning."""
    out = OtlpOutput(URL)
    collector.append(b'{"partialSuccess":{"rejectedSpans":"x","errorMessage":"old"}}')
    with pytest.warns(RuntimeWarning, match='took all spans, and warns: old'):
        out.write_record(json.dumps(record).encode())
    assert out.rejected == 0


def test_a_thread_leaves_the_warning_to_the_program(record, collector):
    """As for all that it has to say: the next record has it, if not this one."""
    out, text = OtlpOutput(URL, background=True), json.dumps(record).encode()
    collector += [json.dumps({'partialSuccess': DROPPED}).encode(), b'{}']
    with pytest.warns(RuntimeWarning, match='dropped 2 spans'):
        out.write_record(text)
        out.flush()
        out.write_record(text)
    out.close()


def test_resend_says_what_the_collector_drops(record, collector, tmp_path, capsys):
    """Such records are sent, and go away."""
    spool = tmp_path / 'spool'
    OtlpOutput(URL, spool=spool)._spool.keep([json.dumps(record).encode()])
    collector.append(json.dumps({'partialSuccess': DROPPED}).encode())
    assert main([str(spool)]) == 0
    assert '1 record sent' in (said := capsys.readouterr().out)
    assert 'the server dropped 2 spans: too large' in said
    assert list(spool.glob('*.jsonl*')) == []


@pytest.mark.parametrize('zero', ['0' * 16 + '-' + '0' * 16, 'x', ''])
def test_trace_ids_are_never_zero(zero):
    """An invalid id is replaced by a digest."""
    assert int(trace_id(zero), 16)


@pytest.mark.parametrize('wrong', [None, 5, 'yesterday', '1969-01-01T00:00:00+00:00'])
def test_times_that_are_none(wrong):
    """They are 0, as times of spans are unsigned."""
    assert nanoseconds(wrong) == 0
