package mesh.lib.published_test

import data.mesh.lib.published
import data.mesh.lib.sample_test as sample

test_an_active_product_is_public if published.is_public(sample.document.product)

test_a_draft_is_not if not published.is_public(sample.with_metadata({"status": "draft"}).product)

test_personal_data_is_found if {
	published.holds_personal_data(sample.document.product)
	not published.holds_personal_data(sample.with_fields([{"name": "a", "pii": false}]).product)
}
