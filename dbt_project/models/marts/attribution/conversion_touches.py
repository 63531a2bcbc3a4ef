"""Which touches share a conversion, with a weight and an amount per rule model."""


def model(dbt, session):
    """One row per conversion and touch; only conversions whose inputs changed are credited anew."""
    from attribution.credits import changed

    dbt.config(materialized="changed_rows")
    return changed(
        conversions=dbt.ref("fct_conversions"),
        affected=dbt.ref("int_attribution__affected"),
        touches=dbt.ref("int_attribution__affected_touches"),
        models=dbt.ref("attribution_models"),
    )
