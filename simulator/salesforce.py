"""Salesforce Data Export: eight CSV files with API names, every field quoted, UTF-8, LF."""

from collections.abc import Sequence
from pathlib import Path

import duckdb
import numpy as np

from simulator.consent import WITHDRAWN
from simulator.people import NONE
from simulator.world import World, load_rows
from simulator.writers import csv_header, csv_line, table, write_lines

Columns = Sequence[tuple[str, str]]

_OWNER = "sf_id('005', 238328 + ({}) % 12)"
_ADMIN = "sf_id('005', 238300)"
_FLAG = "case when {} then 'true' else 'false' end"

LEAD: Columns = (
    ("Id", "sf_id('00Q', n)"), ("IsDeleted", _FLAG.format("lead_master >= 0")),
    ("MasterRecordId", "sf_id('00Q', lead_master)"), ("LastName", "last_name"),
    ("FirstName", "first_name"), ("Salutation", "''"),
    ("Name", "first_name || ' ' || last_name"), ("Title", "title_name"),
    ("Company", "coalesce(company, 'Self employed')"), ("Street", "''"), ("City", "''"),
    ("State", "''"), ("PostalCode", "''"),
    ("Country", "case when draw % 10 = 3 then code else country_name end"),
    ("Phone", "case when draw % 3 > 0 then phone end"),
    ("MobilePhone", "case when draw % 3 = 0 then phone end"), ("Email", "email"),
    ("Website", "case when draw % 2 = 0 then 'https://www.' || domain end"),
    ("LeadSource", "['Web', 'Web', 'Webinar', 'Partner Referral', 'Trade Show']"
     "[(draw % 5 + 1)::int]"),
    ("Status", "case when lead_contact >= 0 then 'Qualified' else"
     " ['Open - Not Contacted', 'Working - Contacted', 'Unqualified', 'Nurture']"
     "[(draw % 4 + 1)::int] end"),
    ("Industry", "industry_name"), ("Rating", "['', 'Hot', 'Warm', 'Cold'][(draw % 4 + 1)::int]"),
    ("AnnualRevenue", "''"), ("NumberOfEmployees", "employees"), ("OwnerId", _OWNER.format("draw")),
    ("HasOptedOutOfEmail", _FLAG.format("opted_out")),
    ("IsConverted", _FLAG.format("lead_contact >= 0")),
    ("ConvertedDate", "case when lead_contact >= 0 then iso_day(converted_at) end"),
    ("ConvertedAccountId", "case when lead_contact >= 0 then sf_id('001', account) end"),
    ("ConvertedContactId", "sf_id('003', lead_contact)"),
    ("ConvertedOpportunityId", "case when lead_contact >= 0 then sf_id('006', deal) end"),
    ("IsUnreadByOwner", _FLAG.format("draw % 7 = 0")), ("CreatedDate", "iso_s(moment)"),
    ("CreatedById", _ADMIN), ("LastModifiedDate", "iso_s(modified)"),
    ("SystemModstamp", "iso_s(modified)"), ("LastActivityDate", "''"),
    ("EmailBouncedReason", "''"), ("EmailBouncedDate", "''"), ("IndividualId", "''"),
)  # fmt: skip
CONTACT: Columns = (
    ("Id", "sf_id('003', n)"), ("IsDeleted", "'false'"), ("MasterRecordId", "''"),
    ("AccountId", "sf_id('001', contact_account)"), ("LastName", "last_name"),
    ("FirstName", "first_name"), ("Email", "email"),
    ("Phone", "case when draw % 3 > 0 then phone end"),
    ("MobilePhone", "case when draw % 3 = 0 then phone end"), ("Title", "title_name"),
    ("Department", "department_name"),
    ("LeadSource", "['Web', 'Webinar', 'Partner Referral', 'Trade Show'][(draw % 4 + 1)::int]"),
    ("OwnerId", _OWNER.format("account_owner")), ("HasOptedOutOfEmail", _FLAG.format("opted_out")),
    ("HasOptedOutOfFax", "'false'"), ("DoNotCall", _FLAG.format("draw % 41 = 0")),
    ("MailingCountry", "country_name"), ("CreatedDate", "iso_s(moment)"),
    ("LastModifiedDate", "iso_s(modified)"),
    ("SystemModstamp", "iso_s(modified)"), ("IsEmailBounced", "'false'"),
    ("EmailBouncedDate", "''"), ("ReportsToId", "''"), ("IndividualId", "''"),
)  # fmt: skip
_ADDRESS = ("Street", "City", "State", "PostalCode", "Country")
ACCOUNT: Columns = (
    ("Id", "sf_id('001', i)"), ("IsDeleted", "'false'"), ("MasterRecordId", "''"), ("Name", "name"),
    ("Type", "case when is_customer then 'Customer' else 'Prospect' end"),
    ("ParentId", "case when parent_in_crm then sf_id('001', parent) end"),
    *((f"Billing{part}", "country_name" if part == "Country" else "''") for part in _ADDRESS),
    *((f"Shipping{part}", "''") for part in _ADDRESS),
    ("Phone", "''"), ("Website", "case when i % 20 > 0 then 'https://www.' || domain || '/' end"),
    ("Industry", "industry_name"), ("AnnualRevenue", "revenue"),
    ("NumberOfEmployees", "employees"), ("OwnerId", _OWNER.format("owner")),
    ("AccountSource", "''"), ("CreatedDate", "iso_s(created)"),
    ("SystemModstamp", "iso_s(created)"),
)  # fmt: skip
OPPORTUNITY: Columns = (
    ("Id", "sf_id('006', n)"), ("IsDeleted", "'false'"), ("AccountId", "sf_id('001', account)"),
    ("Name", "title"), ("StageName", "stage"), ("Amount", "printf('%.2f', amount)"),
    ("Probability", "probability"),
    ("ExpectedRevenue", "printf('%.2f', (amount * probability / 100)::double)"),
    ("CloseDate", "iso_day(closed)"), ("Type", "kind"),
    ("LeadSource", "['Web', 'Webinar', 'Partner Referral', 'Trade Show'][(n % 4 + 1)::int]"),
    ("IsClosed", _FLAG.format("not stage_open")), ("IsWon", _FLAG.format("won")),
    ("ForecastCategory", "case when stage_open then 'Pipeline' when won then 'Closed' else"
     " 'Omitted' end"),
    ("ForecastCategoryName", "case when stage_open then 'Pipeline' when won then 'Closed' else"
     " 'Omitted' end"),
    ("CampaignId", "sf_id('701', campaign)"), ("OwnerId", _OWNER.format("account_owner")),
    ("CreatedDate", "iso_s(created)"),
    ("LastModifiedDate", "iso_s(modified)"),
    ("SystemModstamp", "iso_s(modified)"),
    ("FiscalQuarter", "quarter(make_timestamp(closed * 1000))"),
    ("FiscalYear", "year(make_timestamp(closed * 1000))"),
    ("Fiscal", "year(make_timestamp(closed * 1000)) || ' '"
     " || quarter(make_timestamp(closed * 1000))"),
    ("ContactId", "sf_id('003', contact)"), ("CurrencyIsoCode", "currency"),
    ("Original_Opportunity__c", "sf_id('006', original)"),
)  # fmt: skip
ROLE: Columns = (
    ("Id", "sf_id('00K', n)"), ("OpportunityId", "sf_id('006', deal)"),
    ("ContactId", "sf_id('003', contact)"),
    ("Role", "case when is_primary then 'Decision Maker' else ['Influencer', 'Evaluator',"
     " 'Economic Buyer', 'Executive Sponsor', ''][(n % 5 + 1)::int] end"),
    ("IsPrimary", _FLAG.format("is_primary")), ("CreatedDate", "iso_s(moment)"),
    ("CreatedById", _ADMIN), ("LastModifiedDate", "iso_s(moment)"),
    ("LastModifiedById", _ADMIN), ("SystemModstamp", "iso_s(moment)"),
    ("IsDeleted", _FLAG.format("n % 97 = 96 and not is_primary")), ("CurrencyIsoCode", "currency"),
)  # fmt: skip
CAMPAIGN: Columns = (
    ("Id", "sf_id('701', i)"), ("IsDeleted", "'false'"), ("Name", "written"), ("ParentId", "''"),
    ("Type", "kind"), ("Status", "case when \"end\" >= {end} then 'In Progress' else 'Completed'"
     " end"),
    ("StartDate", "iso_day(start)"), ("EndDate", "iso_day(\"end\" - 1)"), ("ExpectedRevenue", "''"),
    ("BudgetedCost", "printf('%.2f', budget::double)"),
    ("ActualCost", "printf('%.2f', budget * 0.93::double)"),
    ("ExpectedResponse", "'0.00'"), ("NumberSent", "'0'"),
    ("IsActive", _FLAG.format("\"end\" >= {end}")), ("NumberOfLeads", "leads"),
    ("NumberOfConvertedLeads", "0"), ("NumberOfContacts", "contacts"),
    ("NumberOfResponses", "responses"), ("NumberOfOpportunities", "0"),
    ("NumberOfWonOpportunities", "0"), ("AmountAllOpportunities", "'0.00'"),
    ("AmountWonOpportunities", "'0.00'"), ("OwnerId", _OWNER.format("i")),
    ("CreatedDate", "iso_ms(start - 14 * 86400000 + i * 60000)"),
    ("SystemModstamp", "iso_ms(start)"), ("CurrencyIsoCode", "'USD'"),
)  # fmt: skip
MEMBER: Columns = (
    ("Id", "sf_id('00v', n)"), ("IsDeleted", "'false'"), ("CampaignId", "sf_id('701', campaign)"),
    ("LeadId", "sf_id('00Q', lead)"), ("ContactId", "sf_id('003', contact)"),
    ("AccountId", "case when contact >= 0 then sf_id('001', account) end"),
    ("Status", "case when responded then 'Responded' else 'Sent' end"),
    ("HasResponded", _FLAG.format("responded")),
    ("FirstRespondedDate", "case when responded then iso_day(moment) end"),
    ("CreatedDate", "iso_s(moment)"), ("LastModifiedDate", "iso_s(moment)"),
    ("SystemModstamp", "iso_s(moment)"), ("Name", "first_name || ' ' || last_name"),
    ("FirstName", "first_name"), ("LastName", "last_name"), ("Title", "title_name"),
    ("LeadSource", "'Web'"), ("CompanyOrAccount", "company"),
    ("Type", "case when contact >= 0 then 'Contact' else 'Lead' end"),
    ("LeadOrContactId", "case when contact >= 0 then sf_id('003', contact) else"
     " sf_id('00Q', lead) end"),
    ("LeadOrContactOwnerId", _OWNER.format("n")), ("HasOptedOutOfEmail", _FLAG.format("opted_out")),
    ("CurrencyIsoCode", "currency"),
)  # fmt: skip
_KIND = "['Call', 'Email', 'Email', 'Other'][(draw % 4 + 1)::int]"
TASK: Columns = (
    ("Id", "sf_id('00T', n)"),
    ("WhoId", "case when contact >= 0 then sf_id('003', contact) else sf_id('00Q', lead) end"),
    ("WhatId", "sf_id('006', deal)"), ("WhoCount", "1"),
    ("WhatCount", "case when deal >= 0 then 1 else 0 end"),
    ("Subject", "['Call', 'Email: Following up', 'Email: \"Next steps\", pricing', 'Send proposal']"
     "[(draw % 4 + 1)::int]"),
    ("ActivityDate", "iso_day(moment)"),
    ("Status", "case when draw % 8 = 7 then 'Not Started' else 'Completed' end"),
    ("Priority", "'Normal'"), ("IsHighPriority", "'false'"), ("OwnerId", _OWNER.format("draw")),
    ("Description", "case when draw % 3 = 0 then 'Spoke with ' || first_name ||"
     " ', asked about \"attribution\".' || chr(10) || 'Next step: send the comparison; call back.'"
     " when draw % 3 = 1 then 'Left voicemail, no answer' end"),
    ("Type", _KIND), ("IsDeleted", "'false'"),
    ("AccountId", "case when contact >= 0 then sf_id('001', account) end"),
    ("IsClosed", _FLAG.format("draw % 8 < 7")), ("CreatedDate", "iso_s(moment)"),
    ("CompletedDateTime", "case when draw % 8 < 7 then iso_s(moment + 600000) end"),
    ("CallDurationInSeconds", "case when draw % 4 = 0 then draw % 900 end"),
    ("CallType", "case when draw % 4 = 0 then 'Outbound' end"), ("CallDisposition", "''"),
    ("TaskSubtype", "['Call', 'Email', 'Email', 'Task'][(draw % 4 + 1)::int]"),
    ("IsArchived", "'false'"),
)  # fmt: skip

_PERSON = """
    p.first_name, p.last_name, p.title_name, p.department_name, p.country_name, p.code, p.currency,
    (p.email = {withdrawn} and (p.salesforce_only or r.{key} % 4 > 0)) as opted_out
""".format(withdrawn=WITHDRAWN, key="n")


def load_salesforce(con: duckdb.DuckDBPyConnection, world: World) -> None:
    """Tables `leads`, `contacts`, `deals`, `roles`, `members`, `tasks`, ready to be written."""
    r, j, span = world.records, world.journeys, world.span
    deal_of = np.full(len(world.people), NONE, dtype=np.int64)
    deal_of[j.deals.buyer[::-1]] = np.arange(len(j.deals))[::-1]
    load_rows(con, "contacts", r.contacts, contact_account=r.contact_account)
    load_rows(
        con, "leads", r.leads, lead_contact=r.lead_contact, lead_master=r.lead_master,
        deal=deal_of[r.leads.person],
    )  # fmt: skip
    table(con, "deals", {"n": np.arange(len(j.deals)), **vars(j.deals),
          "contact": r.contact_of_person[j.deals.buyer]})  # fmt: skip
    deal, person = j.deal_people[:, 0], j.deal_people[:, 1]
    order = np.argsort(j.deals.created[deal], kind="stable")
    deal, person = deal[order], person[order]
    table(con, "roles", {"n": np.arange(len(deal)), "deal": deal,
          "contact": r.contact_of_person[person], "moment": j.deals.created[deal],
          "is_primary": person == j.deals.buyer[deal]})  # fmt: skip
    table(con, "members", {"n": np.arange(len(r.member_at)), "campaign": r.member_campaign,
          "lead": r.member_lead, "contact": r.member_contact, "moment": r.member_at,
          "responded": r.member_responded})  # fmt: skip
    table(con, "tasks", {"n": np.arange(len(r.task_at)), "contact": r.task_contact,
          "lead": r.task_lead, "deal": r.task_deal, "moment": r.task_at,
          "draw": r.task_draw})  # fmt: skip
    con.execute(f"set variable window_end = {span.end}")
    con.execute(f"set variable campaign_count = {len(world.campaigns)}")


_SOURCES = {
    "Lead": """
        select r.*, a.name as company, a.domain, a.industry_name, a.employees, a.i as account,
            least(r.moment + 259200000, getvariable('window_end') - 1) as converted_at,
            least(
                case when p.email = 2 then greatest(p.email_decided_at, r.moment)
                    else r.moment + (r.draw % 30) * 86400000 end,
                getvariable('window_end') - 1
            ) as modified, {person}
        from leads as r
        inner join people as p on r.person = p.i
        left join accounts as a on p.account = a.i
        order by r.n""",
    "Contact": """
        select r.*, coalesce(a.owner, r.draw) as account_owner,
            least(
                case when p.email = 2 then greatest(p.email_decided_at, r.moment)
                    else r.moment + (r.draw % 30) * 86400000 end,
                getvariable('window_end') - 1
            ) as modified, {person}
        from contacts as r
        inner join people as p on r.person = p.i
        left join accounts as a on r.contact_account = a.i
        order by r.n""",
    "Account": """
        select a.*, coalesce(b.in_crm, false) as parent_in_crm,
            a.i in (select d.account from deals as d where d.won) as is_customer
        from accounts as a
        left join accounts as b on a.parent = b.i
        where a.in_crm
        order by a.i""",
    "Opportunity": """
        select o.*, coalesce(a.owner, o.n) as account_owner
        from (
            select d.n, d.account, d.amount::double as amount, d.closed, d.created, d.stage_open,
                d.won, d.contact, -1 as original, c.currency,
                case when d.campaign % 10 < 6 then d.campaign % getvariable('campaign_count')
                    else -1 end as campaign,
                coalesce(b.name, 'Self serve') || ' - ' || case when d.committee > 1
                    then 'Platform, annual' else 'Starter plan' end as title,
                case when d.won then 'Closed Won' when not d.stage_open then 'Closed Lost' else
                    ['Prospecting', 'Qualification', 'Proposal/Price Quote', 'Negotiation/Review']
                    [(d.n % 4 + 1)::int] end as stage,
                case when d.won then 100 when not d.stage_open then 0 else
                    [10, 25, 75, 90][(d.n % 4 + 1)::int] end as probability,
                case when d.n % 6 = 5 then 'Existing Business' else 'New Business' end as kind,
                case when not d.stage_open then d.closed
                    else least(d.created + 1900000000, getvariable('window_end') - 1)
                    end as modified
            from deals as d
            inner join countries as c on d.currency_country = c.n
            left join accounts as b on d.account = b.i
            union all
            select (select count(*) from deals) + row_number() over (order by d.refund_at, d.n) - 1,
                d.account, -round(d.amount * d.refund_share, 2), d.refund_at, d.refund_at, false,
                true, d.contact, d.n, c.currency, -1, 'Refund - ' || coalesce(b.name, 'Self serve'),
                'Closed Won', 100, 'Refund', d.refund_at
            from deals as d
            inner join countries as c on d.currency_country = c.n
            left join accounts as b on d.account = b.i
            where d.refund_at > 0
        ) as o
        left join accounts as a on o.account = a.i
        order by o.n""",
    "OpportunityContactRole": """
        select r.*, c.currency
        from roles as r
        inner join deals as d on r.deal = d.n
        inner join countries as c on d.currency_country = c.n
        order by r.n""",
    "Campaign": """
        select c.*, coalesce(m.leads, 0) as leads, coalesce(m.contacts, 0) as contacts,
            coalesce(m.responses, 0) as responses
        from campaigns as c
        left join (
            select campaign, count(*) filter (where contact < 0) as leads,
                count(*) filter (where contact >= 0) as contacts,
                count(*) filter (where responded) as responses
            from members
            group by all
        ) as m on c.i = m.campaign
        order by c.i""",
    "CampaignMember": """
        select r.*, a.i as account, a.name as company, {person}
        from members as r
        left join leads as l on r.lead = l.n
        left join contacts as k on r.contact = k.n
        inner join people as p on coalesce(k.person, l.person) = p.i
        left join accounts as a on coalesce(k.contact_account, p.account) = a.i
        order by r.n""",
    "Task": """
        select r.*, k.contact_account as account, {person}
        from tasks as r
        left join leads as l on r.lead = l.n
        left join contacts as k on r.contact = k.n
        inner join people as p on coalesce(k.person, l.person) = p.i
        order by r.n""",
}
TABLES: dict[str, Columns] = {
    "Lead": LEAD, "Contact": CONTACT, "Account": ACCOUNT, "Opportunity": OPPORTUNITY,
    "OpportunityContactRole": ROLE, "Campaign": CAMPAIGN, "CampaignMember": MEMBER, "Task": TASK,
}  # fmt: skip


def write_salesforce(con: duckdb.DuckDBPyConnection, folder: Path) -> dict[str, int]:
    """Write the eight files below `folder`; returns rows per file."""
    rows = {}
    for name, columns in TABLES.items():
        source = _SOURCES[name].format(person=_PERSON)
        line = csv_line(columns).replace("{end}", "getvariable('window_end')")
        rows[f"salesforce/{name}.csv"] = write_lines(
            con, folder / f"{name}.csv", [f"select {line} as line from ({source})"],
            header=csv_header(columns),
        )  # fmt: skip
    return rows
