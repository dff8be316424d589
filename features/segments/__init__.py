"""Who a customer is to the business: RFM segments, customer levels and value types."""
