"""What the API takes and answers, as types: the OpenAPI document is made of these."""
