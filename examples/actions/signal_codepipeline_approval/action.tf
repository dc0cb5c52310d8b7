variable "pipeline_name" {
  description = "The pipeline whose approval waits."
  type        = string
}

# For an operator: terraform apply -invoke=action.signal_codepipeline_approval.release
action "signal_codepipeline_approval" "release" {
  config {
    pipeline_name       = var.pipeline_name
    stage_name          = "Approve"
    action_name         = "Release"
    status              = "Approved"
    summary             = "approved by an operator"
    wait_for_completion = true
    timeout             = "1h"
  }
}
