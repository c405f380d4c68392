package mesh.rules.formats_test

import data.mesh.lib.sample_test as sample
import data.mesh.rules.formats

test_what_keeps_the_rule_is_let_through if {
	count(formats.deny) == 0 with input as sample.document
}

test_a_spreadsheet_is_no_format if {
	odd := sample.with_spec({"schema": {"type": "xls"}, "outputs": [{"type": "file", "format": "sav"}]})
	count(formats.deny) == 2 with input as odd with data.config.formats.exchange as ["avro", "parquet"]
}
