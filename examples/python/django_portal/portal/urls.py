from django.urls import path

from . import views

urlpatterns = [
    path("tenant/links", views.issue),
    path("tenant/links/<str:link>", views.revoke),
    path("tenant/invoices", views.invoices),
    path("portal/", views.home),
    path("portal/invoices", views.my_invoices),
]
