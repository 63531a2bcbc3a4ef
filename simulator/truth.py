"""What really happened, beside the exports: who is who, who works where, who agreed to what."""

from pathlib import Path

import duckdb

from simulator.consent import PURPOSES, STATUS_NAMES
from simulator.rates import CHANNELS, MEDIA, Media
from simulator.world import ZERO_DEVICE
from simulator.writers import table, write_lines

# A device belongs to the person who owns it, whoever else uses it; the all-zero one to nobody.
_MAKE_RECORDS = f"""
    create or replace table records as
    select 'salesforce' as source, 'lead' as record_type, sf_id('00Q', n) as record_id, person
    from leads
    union all
    select 'salesforce', 'contact', sf_id('003', n), person from contacts
    union all
    select 'hubspot', 'contact', (78000000 + n * 7)::varchar, person from hubspot
    union all
    select 'hubspot', 'form_submission', uuid_of('form', n), person
    from forms where moment < getvariable('window_end')
    union all
    select distinct 'web_events', 'visitor',
        case when device < 0 then '{ZERO_DEVICE}' else uuid_of('device', device) end,
        case when device < 0 then -1 else device // 4 end
    from visits"""
_RECORDS = """
    select source || ',' || record_type || ',' || record_id || ','
        || case when person < 0 then 'nobody' else 'P' || lpad(person::varchar, 7, '0') end as line
    from records
    order by source, record_type, record_id"""
_ACCOUNTS = """
    select 'P' || lpad(p.i::varchar, 7, '0') || ','
        || case when a.in_crm then sf_id('001', a.i) else '' end || ',' || a.domain as line
    from people as p
    inner join accounts as a on p.current_account = a.i
    order by p.i"""
_CONSENTS = """
    with known as (
        select i, known_at, web_asked_at, email, email_decided_at, analytics, advertising,
            web_decided_at, case when advertising = 4 then web_asked_at else web_decided_at end
                as advertising_at
        from people
        where known_at > 0 or web_asked_at > 0
    ),
    states as (
        select i, 0 as purpose, email as status, email_decided_at as moment from known
        union all
        select i, 1, analytics, web_decided_at from known
        union all
        select i, 2, advertising, advertising_at from known
    )
    select 'P' || lpad(s.i::varchar, 7, '0') || ',' || u.word || ',' || t.word || ','
        || case when s.status > 0 then iso_ms(s.moment) else '' end as line
    from states as s
    inner join purposes as u on s.purpose = u.n
    inner join statuses as t on s.status = t.n
    order by s.i, s.purpose"""


def write_truth(
    con: duckdb.DuckDBPyConnection, folder: Path, rates: list[tuple[str, float, float]],
    media: Media = MEDIA,
) -> dict[str, int]:  # fmt: skip
    """Write the truth files below `folder`; `rates` holds (name, documented, realised).

    Leaves table `records`: source, record_type, record_id and person, -1 for nobody.
    """
    con.execute(_MAKE_RECORDS)
    table(con, "purposes", {"n": range(3), "word": PURPOSES})
    table(con, "statuses", {"n": range(5), "word": STATUS_NAMES})
    effects = "channel,share_of_sessions,log_odds_per_session\n" + "".join(
        f"{name},{share},{effect}\n"
        for name, share, effect in zip(CHANNELS, media.mix, media.effect, strict=True)
    )
    shares = "rate,documented,realised\n" + "".join(
        f"{name},{documented},{realised:.4f}\n" for name, documented, realised in rates
    )
    return {
        "truth/records.csv": write_lines(
            con, folder / "records.csv", [_RECORDS], header="source,record_type,record_id,person\n"
        ),
        "truth/person_accounts.csv": write_lines(
            con, folder / "person_accounts.csv", [_ACCOUNTS], header="person,account,domain\n"
        ),
        "truth/consents.csv": write_lines(
            con, folder / "consents.csv", [_CONSENTS], header="person,purpose,status,decided_at\n"
        ),
        "truth/channel_effects.csv": write_lines(
            con, folder / "channel_effects.csv", [], header=effects
        ),
        "truth/rates.csv": write_lines(con, folder / "rates.csv", [], header=shares),
    }
