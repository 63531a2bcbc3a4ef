"""Web events to land: JSON lines and CSV of the same columns, a thousandth of them malformed."""

from pathlib import Path

import duckdb

ROW_BYTES = {"jsonl": 1050, "csv": 480}
_ROWS = """
    select
        i,
        md5(i::varchar) as message,
        md5('visitor ' || hash(i) % greatest({rows} // 8, 1)) as visitor,
        ['/', '/pricing', '/product/integrations', '/blog/attribution-guide', '/docs', '/webinar'][
            (1 + hash(i * 7) % 6)::bigint
        ] as path,
        strftime(
            timestamp '2026-01-01' + to_milliseconds((i * 37)::bigint), '%Y-%m-%dT%H:%M:%S.%gZ'
        ) as moment,
        hash(i * 17) % 40 = 0 as is_identify,
        'person' || (i % 1000003) || '@company' || (i % 5003) || '.example' as email,
        '+4930' || (10000000 + i % 9999991) as phone,
        hash(i * 31) % 1000 = 0 as is_malformed,
        'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) '
        || 'Chrome/137.0.0.0 Safari/537.36' as browser,
        '{{"name":"Nurture_Enterprise_Q4","source":"newsletter","medium":"email"}}' as campaign,
        '{{"Advertising":true,"Analytics":true}}' as consent,
    from range({first}, {first} + {rows}) as r(i)
"""
_JSON = """
    case when is_malformed then '{"messageId":"' || message || '", broken' else
        '{"anonymousId":"' || visitor || '","channel":"client","context":{"campaign":' || campaign
        || ',"consent":{"categoryPreferences":' || consent || '},"ip":"203.0.113.66","library":'
        || '{"name":"analytics.js","version":"next-1.81.0"},"locale":"en-GB","page":{"path":"'
        || path || '","referrer":"https://www.google.com/","search":"","title":"Pricing | Quillmark'
        || '","url":"https://www.quillmark.example' || path || '"},"timezone":"Europe/London",'
        || '"userAgent":"' || browser || '"'
        || case when is_identify
            then ',"traits":{"email":"' || email || '","phone":"' || phone || '"}' else '' end
        || '},"integrations":{},"messageId":"ajs-next-' || message || '","originalTimestamp":"'
        || moment || '","properties":{"path":"' || path || '","referrer":"https://www.google.com/",'
        || '"search":"","title":"Pricing | Quillmark","url":"https://www.quillmark.example' || path
        || '"},"receivedAt":"' || moment || '","timestamp":"' || moment || '","type":"'
        || case when is_identify then 'identify' else 'page' end || '","userId":null,"version":2}'
    end
"""
_CSV = """
    case when is_malformed then 'ajs-next-' || message || ',page' else
        'ajs-next-' || message || ',' || case when is_identify then 'identify' else 'page' end
        || ',,' || visitor || ',,' || moment || ',' || moment
        || ',https://www.quillmark.example' || path || ',https://www.google.com/'
        || ',"Pricing, Quillmark","' || replace(campaign, '"', '""')
        || '","' || browser || '",analytics.js,"' || replace(consent, '"', '""') || '",'
        || case when is_identify then email || ',' || phone else ',' end || ',Ann,Example,'
    end
"""


def write(folder: Path, kind: str, files: int, file_bytes: int, header: str) -> list[Path]:
    """Write `files` files of about `file_bytes` each; those that are there already stay."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = file_bytes // ROW_BYTES[kind]
    paths = [folder / f"events_{rows}_{n}.{kind}" for n in range(files)]
    with duckdb.connect() as con:
        for n, path in enumerate(paths):
            if path.exists():
                continue
            query = f"select {_JSON if kind == 'jsonl' else _CSV} from ("
            query += _ROWS.format(first=n * rows, rows=rows) + ")"
            if kind == "csv":
                query = f"select '{header}' union all ({query})"
            part = path.with_suffix(".part")
            con.execute(
                f"copy ({query}) to '{part}' "
                "(format csv, header false, quote '', escape '', delimiter '\x01')"
            )
            part.rename(path)
    return paths
