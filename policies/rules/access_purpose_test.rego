package mesh.rules.access_purpose_test

import data.mesh.lib.sample_test as sample
import data.mesh.rules.access_purpose

bound(purpose) := document if {
	document := object.union(sample.read_by("analyst", purpose), {"product": {"purposes": ["billing"]}})
}

test_another_purpose_is_denied if {
	some finding in access_purpose.deny with input as bound("marketing")
	endswith(finding.message, "is read for billing, not for 'marketing'")
}

test_no_purpose_is_denied_and_said_to_be_missing if {
	some finding in access_purpose.deny with input as bound("")
	endswith(finding.message, "is read for billing, and no purpose was given")
}

test_a_reader_without_the_key_is_denied if {
	without := object.remove(bound(""), ["reader"])
	count(access_purpose.deny) == 1 with input as without
}

test_the_purpose_it_is_for_is_fine if {
	count(access_purpose.deny) == 0 with input as bound("billing")
}
