# Three images, by target: `api`, `pipeline`, `airflow`. docs/containers.md says how to build them.
FROM python:3.11.14-slim-bookworm AS base

# The same in every image: they share the folder of MPP_HOME.
RUN groupadd --gid 10001 mpp \
    && useradd --uid 10001 --gid mpp --home-dir /var/lib/mpp --no-create-home mpp \
    && install --directory --owner=mpp --group=mpp \
        /var/lib/mpp /var/lib/mpp/landing /var/lib/dagster /var/lib/dagster/logs \
        /var/lib/dagster/storage
ENV PATH=/opt/mpp/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    MPP_HOME=/var/lib/mpp
WORKDIR /opt/platform

# Each of the environments is complete when the stage ends; compilers and caches stay behind.
FROM base AS requirements
ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/mpp
# An index of PyTorch's CPU builds. Where PyPI's build is for a GPU, as on Linux with x86-64, the
# build stops below without one.
ARG PYTORCH_INDEX_URL=""
COPY requirements.lock ./
# From this index nothing but torch itself: what it needs comes from where everything comes from.
RUN grep '^torch==' requirements.lock >torch.lock \
    && pip install --no-deps ${PYTORCH_INDEX_URL:+--index-url "$PYTORCH_INDEX_URL"} \
        --requirement torch.lock \
    && if grep -q "^cuda.*= *['\"]" /opt/mpp/lib/python3.11/site-packages/torch/version.py; then \
        echo "This torch has CUDA parts: build with PYTORCH_INDEX_URL, docs/containers.md" >&2; \
        exit 1; \
    fi
COPY pyproject.toml README.md LICENSE ./

# The lock pins; which packages are needed is said by the project itself. The code follows apart,
# so that a change of it installs nothing again.
FROM requirements AS api-requirements
RUN pip install --constraint requirements.lock ".[cli]"
COPY . .
RUN pip install --no-deps .

FROM requirements AS pipeline-requirements
RUN pip install --constraint requirements.lock ".[pipeline,cli]"
COPY . .
RUN pip install --no-deps .

# Airflow's packages do not fit the platform's; psycopg2 and asyncpg are for its database.
FROM base AS airflow-requirements
ENV PIP_NO_CACHE_DIR=1
COPY deploy/airflow.txt ./
RUN python -m venv /opt/airflow \
    && /opt/airflow/bin/pip install --requirement airflow.txt \
        asyncpg==0.32.0 psycopg2-binary==2.9.13

FROM base AS api
COPY --from=api-requirements /opt/mpp /opt/mpp
COPY deploy/with-secrets /usr/local/bin/
USER 10001:10001
ENTRYPOINT ["with-secrets", "/run/secrets"]
CMD ["python", "-m", "mpp_api", "--host", "0.0.0.0", "--port", "8000"]

FROM base AS pipeline
# Debian renews this package in place: a pinned version could not be built next month.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends openjdk-17-jre-headless procps \
    && rm -rf /var/lib/apt/lists/*
ENV DAGSTER_HOME=/var/lib/dagster \
    MPP_PYTHON=/opt/mpp/bin/python \
    SPARK_HOME=/opt/mpp/lib/python3.11/site-packages/pyspark
COPY --from=pipeline-requirements /opt/mpp /opt/mpp
COPY deploy/with-secrets /usr/local/bin/
COPY dagster.yaml /var/lib/dagster/
COPY deploy/workspace.yaml ./
USER 10001:10001
ENTRYPOINT ["with-secrets", "/run/secrets"]
CMD ["dagster", "code-server", "start", "--module-name", "mpp_assets.definitions", \
     "--host", "0.0.0.0", "--port", "4000", "--location-name", "mpp_assets.definitions", \
     "--use-python-environment-entry-point"]

FROM pipeline AS airflow
COPY --from=airflow-requirements /opt/airflow /opt/airflow
USER 0
RUN install --directory --owner=mpp --group=mpp /var/lib/airflow /var/lib/airflow/logs \
    && mpp export-airflow /opt/airflow/dags
USER 10001:10001
ENV PATH=/opt/airflow/bin:$PATH \
    AIRFLOW_HOME=/var/lib/airflow
