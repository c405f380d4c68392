package mesh.rules.secrets_test

import data.mesh.rules.secrets

test_a_secret_is_denied_at_its_line if {
	found := secrets.deny with input as {"secrets": [{"file": "contracts/orders/a.yaml", "line": 3, "kind": "private key"}]}
	found == {{"path": "contracts/orders/a.yaml:3", "message": "holds what looks like a secret (private key)"}}
}

test_files_without_one_are_fine if {
	count(secrets.deny) == 0 with input as {"secrets": []}
}
