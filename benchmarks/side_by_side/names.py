"""The sixty features, by name; a list only, so that servers which know no catalogue stay light."""

NAMES = (
    *("recency_days", "first_purchase_age_days", "purchase_days_30d", "purchase_days_90d"),
    *("purchase_days_180d", "purchase_days_365d", "orders_365d", "lines_per_purchase_day_365d"),
    *("active_months_360d", "spend_30d", "spend_90d", "spend_365d", "basket_365d", "basket_last"),
    *("basket_last_over_mean", "basket_swing", "discount_share_365d", "discount_share_change_90d"),
    *("unit_price_365d", "purchase_days_change_90d", "spend_share_90d", "spend_change_90d"),
    *("purchase_days_slope_360d", "spend_slope_360d", "activity_90d", "activity_change_90d"),
    *("activity_recency_days", "gap_mean_days", "gap_max_days", "gap_variation"),
    *("recency_over_gap_mean", "recency_over_usual_gap", "outlasted_gaps_share"),
    *("clumpiness_365d", "return_days_365d", "return_share_365d", "return_recency_days"),
    *("products_365d", "products_new_90d", "product_repeat_share_365d", "categories_365d"),
    *("complaints_90d", "complaints_365d", "complaint_open_days", "complaint_severity_max_365d"),
    *("complaint_resolution_days", "complaint_recency_days", "csat_last", "nps_last"),
    *("survey_recency_days", "payments_overdue", "payment_delay_days"),
    *("payments_late_share_365d", "tenure_days", "purchase_days_per_month"),
    *("btyd_expected_purchases", "btyd_p_none", "btyd_spend_expected"),
    *("spend_same_season", "weekend_share_365d"),
)
