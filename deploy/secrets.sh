#!/bin/sh
# Makes every secret that docker-compose.yml names: random passwords, and the addresses that hold
# them. What is there is kept. The folder is its owner's alone; the files are readable, because
# each image reads them as a user of its own.
set -eu
LC_ALL=C # what A-Z means
cd "$(dirname "$0")"
mkdir -p secrets
chmod 700 secrets
cd secrets

random() {
    od -An -N24 -tx1 /dev/urandom | tr -d ' \n'
}

secret() { # NAME VALUE: complete or absent
    if [ ! -e "$1" ]; then
        printf '%s\n' "$2" >"$1.incomplete"
        chmod 444 "$1.incomplete"
        mv "$1.incomplete" "$1"
    fi
}

for engine in postgres neo4j mongo milvus minio redis airflow; do
    secret "${engine}_password" "$(random)"
    case "$(cat "${engine}_password")" in
    '' | *[!A-Za-z0-9._~-]*) # an address could not hold it
        echo "$PWD/${engine}_password: use letters, digits and - . _ ~ only" >&2
        exit 1
        ;;
    esac
done

postgres="mpp:$(cat postgres_password)@postgres:5432"
secret mpp_postgres_url "postgresql://$postgres/mpp"
secret mpp_dagster_postgres_url "postgresql+psycopg2://$postgres/dagster"
secret airflow__database__sql_alchemy_conn "postgresql+psycopg2://$postgres/airflow"

secret neo4j_auth "neo4j/$(cat neo4j_password)"
secret mpp_neo4j_password "$(cat neo4j_password)"
secret mpp_mongo_uri "mongodb://mpp:$(cat mongo_password)@mongo:27017/?authSource=admin"
secret mpp_milvus_token "root:$(cat milvus_password)"
secret mpp_redis_url "redis://:$(cat redis_password)@redis:6379/0"

secret airflow__api_auth__jwt_secret "$(random)"
secret airflow_users "{\"admin\": \"$(cat airflow_password)\"}"
