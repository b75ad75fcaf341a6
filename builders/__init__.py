"""From a recipe to a labelled corpus: plan, teacher, ledger, verification, filters, Parquet."""
