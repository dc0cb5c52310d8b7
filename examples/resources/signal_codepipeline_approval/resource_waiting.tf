variable "last_pipeline_name" {
  description = "A pipeline that may not have reached its approval yet."
  type        = string
}

# A gate. It waits for the approval, and then for the end of the execution,
# because the application needs what the pipeline deploys.
resource "signal_codepipeline_approval" "deployed" {
  pipeline_name = var.last_pipeline_name
  stage_name    = "Approve"
  action_name   = "Release"
  status        = "Approved"
  summary       = "Release ${var.release}"
  triggers      = { release = var.release }

  wait_until_ready    = true
  wait_for_completion = true

  timeouts {
    create = "1h"
  }
}

# Created after the execution of the pipeline has succeeded.
resource "terraform_data" "deployed" {
  input      = signal_codepipeline_approval.deployed.pipeline_execution_id
  depends_on = [signal_codepipeline_approval.deployed]
}
