# METADATA
# title: Currency codes are three upper-case letters
# description: >-
#   A price in 'usd', 'US$' and 'USD' is three prices to whoever groups by it.
# custom:
#   code: CUR-001
#   fix: Send the ISO 4217 code in upper case.
#   owner: team:platform-council
#   input: payload
package mesh.rules.currency

deny contains finding if {
	code := input.payload.currency
	not well_formed(code)
	message := sprintf("'%v' is not a currency code", [code])
	finding := {"path": "currency", "message": message}
}

well_formed(code) if regex.match(`^[A-Z]{3}$`, code)
