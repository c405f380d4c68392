# METADATA
# title: Every container of a deployment has limits
# description: >-
#   A code location without a limit takes the node, and every other domain on it, down with it.
# custom:
#   code: LIM-001
#   fix: Give resources.limits.cpu and resources.limits.memory, at most what policies/data/limits.yaml allows.
#   owner: team:platform-council
#   input: deployment
package mesh.rules.resource_limits

deny contains finding if {
	some workload in input.workloads
	some kind in ["cpu", "memory_mib"]
	workload[kind] == null
	message := sprintf("'%s' has no limit of %s", [workload.name, trim_suffix(kind, "_mib")])
	path := place(workload)
	finding := {"path": path, "message": message}
}

deny contains finding if {
	some workload in input.workloads
	workload.cpu != null
	workload.cpu > data.config.limits.cpu_cores
	message := sprintf("'%s' may take %v cores; the limit is %v", [workload.name, workload.cpu, data.config.limits.cpu_cores])
	path := place(workload)
	finding := {"path": path, "message": message}
}

deny contains finding if {
	some workload in input.workloads
	workload.memory_mib != null
	workload.memory_mib > data.config.limits.memory_mib
	most := data.config.limits.memory_mib
	message := sprintf("'%s' may take %v MiB of memory; the limit is %v", [workload.name, workload.memory_mib, most])
	path := place(workload)
	finding := {"path": path, "message": message}
}

deny contains finding if {
	input.problem != ""
	message := sprintf("cannot be read: %s", [input.problem])
	finding := {"path": "", "message": message}
}

place(workload) := path if {
	path := trim_prefix(concat(".", [workload.path, "resources"]), ".")
}
