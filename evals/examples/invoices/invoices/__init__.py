"""Pays invoices against purchase orders; every action passes Interlock."""

from invoices.agent import InvoiceClerk, Payable

__all__ = ["InvoiceClerk", "Payable"]
