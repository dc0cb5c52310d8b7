variable "pipeline_execution_id" {
  description = "The execution of the pipeline that goes on after two approvals."
  type        = string
}

# With wait_for_completion the first of them would wait for the other one.
resource "signal_codepipeline_approval" "approve" {
  for_each = toset(["Security", "Release"])

  pipeline_name         = "website"
  pipeline_execution_id = var.pipeline_execution_id
  stage_name            = "Approve"
  action_name           = each.key
  status                = "Approved"
  wait_until_ready      = true
}

# One wait behind both of them. It sends nothing.
resource "signal_codepipeline_approval_wait" "deployed" {
  pipeline_name         = "website"
  pipeline_execution_id = var.pipeline_execution_id

  timeouts {
    create = "45m"
  }

  depends_on = [signal_codepipeline_approval.approve]
}

output "deployed" {
  value = signal_codepipeline_approval_wait.deployed.target_status
}
