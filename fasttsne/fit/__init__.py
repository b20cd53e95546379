"""What happens during a fit, from the checks of its parameters to the finished map.

======================  ==============================================================
``base``                the part of ``TSNE`` that is not scikit-learn's interface
``samples``             checks X, and keeps the names of its columns
``parameters``          checks the parameters of ``TSNE``
``foreign_names``       what other libraries call these parameters
``context``             threads, device and listeners of a fit
``kept``                what a fit keeps so that its map can go on
``going_on``            further phases of the descent of a fitted map
``growth``              new rows that join a fitted map
``pipeline``            its steps: neighbours, start, P, descent
``memory``              the error message if a GPU has too little memory
``checkpoint``          the file from which a fit can be resumed
``checkpoint_content``  checks what such a file holds
======================  ==============================================================
"""
