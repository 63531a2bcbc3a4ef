"""One run as a person sees it: the stages, Airflow, progress, the final table, doctor."""
