"""The OpenAPI document in version 3.0, for CRM systems that read flat typed fields only."""
