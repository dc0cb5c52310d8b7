variable "service" {
  description = "The service whose deployment is paused."
  type        = string
}

# For an operator: terraform apply -invoke=action.signal_ecs_deployment.roll_back
action "signal_ecs_deployment" "roll_back" {
  config {
    cluster             = "default"
    service             = var.service
    action              = "ROLLBACK"
    wait_for_completion = true
    timeout             = "30m"
  }
}
