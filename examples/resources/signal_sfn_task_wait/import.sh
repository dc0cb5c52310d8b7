terraform import signal_sfn_task_wait.deployed arn:aws:states:us-east-1:123456789012:execution:deploy:11111111-1111-1111-1111-111111111111
