"""Service quotas of MWAA, of which moto knows none. The code is made up: AWS's own is in no public page."""

import json

from moto.servicequotas.models import ServiceQuotasBackend
from moto.servicequotas.responses import ServiceQuotasResponse

SERVICE = "airflow"


def add_quotas(environments):
    get_service_quota = ServiceQuotasBackend.get_service_quota
    quota = {
        "Adjustable": True,
        "GlobalQuota": False,
        "QuotaCode": "L-00000000",
        "QuotaName": "Environments per account per Region",
        "ServiceCode": SERVICE,
        "ServiceName": "Amazon Managed Workflows for Apache Airflow",
        "Unit": "None",
        "Value": environments,
    }

    def get(backend, service_code, quota_code):
        known = service_code == SERVICE and quota_code == quota["QuotaCode"]
        return quota if known else get_service_quota(backend, service_code, quota_code)

    def list_quotas(response):
        of_service = json.loads(response.body)["ServiceCode"]
        quotas = [quota] if of_service == SERVICE else response.backend.list_aws_default_service_quotas(of_service)
        return json.dumps({"Quotas": quotas})

    ServiceQuotasBackend.get_service_quota = get
    ServiceQuotasResponse.list_service_quotas = list_quotas
