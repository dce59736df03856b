-- At the first start of the compose file's Postgres, beside the database `mpp`.
CREATE DATABASE dagster;
CREATE DATABASE airflow;
