"""What each channel adds to the chance to convert, by the data-driven models."""


def model(dbt, session):
    """One row per conversion type, model, order of the chain and channel."""
    from attribution.channels import channel_effects

    dbt.config(materialized="table")
    paths = dbt.ref("int_attribution__channel_paths").order("conversion_type, channel_path")
    experiments = dbt.ref("int_attribution__experiments").order("conversion_type, channel, caused")
    rules = dbt.ref("data_driven_rules").to_arrow_table()
    return channel_effects(paths.to_arrow_table(), experiments.to_arrow_table(), rules)
