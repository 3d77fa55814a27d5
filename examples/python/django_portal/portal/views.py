import hmac
import json
from functools import wraps

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_http_methods

import portward
from portward.django.decorators import session_required

from . import services
from .models import Invoice

# --- the tenant's side ------------------------------------------------------------------------------------------------


def of_tenant(view):
    """Who has the key of a tenant is the tenant."""

    @wraps(view)
    def guarded(request, **arguments):
        sent = request.headers.get("authorization", "").encode()
        for tenant, key in settings.API_KEYS.items():
            if hmac.compare_digest(sent, f"Bearer {key}".encode()):
                try:
                    return view(request, tenant, **arguments)
                except portward.InvalidValue as error:  # an id of a client or link that is none
                    return JsonResponse({"error": error.code}, status=400)
        return HttpResponse(status=401)

    return guarded


@require_http_methods(["POST"])
@of_tenant
def issue(request, tenant):
    link = services.store().issue(tenant, json.loads(request.body)["client"], ["invoices:read"], uses_max=3)
    return JsonResponse({"id": link.id, "url": services.gate().portal.link_url(link.token)})


@require_http_methods(["DELETE"])
@of_tenant
def revoke(request, tenant, link):
    services.store().revoke_link(tenant, link)
    return HttpResponse(status=204)


@require_http_methods(["GET", "POST"])
@of_tenant
def invoices(request, tenant):
    if request.method == "GET":
        found = Invoice.objects.filter(tenant=tenant, iban__matches=request.GET["iban"])
        return JsonResponse([str(invoice.id) for invoice in found], safe=False)
    said = json.loads(request.body)
    invoice = Invoice.objects.create(tenant=tenant, client=said["client"], text=said["text"], iban=said["iban"])
    return JsonResponse({"id": str(invoice.id)})


# --- the client's side ------------------------------------------------------------------------------------------------


@session_required()
def home(request):
    return JsonResponse({"client": request.access.client, "until": request.access.expires_at})


@session_required("invoices:read")
def my_invoices(request):
    mine = Invoice.objects.filter(tenant=request.access.tenant, client=request.access.client)
    return JsonResponse([invoice.text for invoice in mine], safe=False)
