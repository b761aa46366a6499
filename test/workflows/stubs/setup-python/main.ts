throw new Error('setup-python needs a service that is not here');
